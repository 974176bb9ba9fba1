import { lstat, mkdir, rmdir, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { replaceFile } from '../lib/disk.ts';
import { StateError } from '../lib/errors.ts';
import type { HostFile, OldFile } from '../model/state.ts';
import { below, Folder, openRoot } from './folder.ts';
import { isWithin, type Place, realPath, requirePlace, type Territory } from './territory.ts';

/**
 * Writes a file of Git: the folders on the way are opened one in the other and made where they are missing; then a temporary file, fsync, rename,
 * fsync of the folder. `digestNow` tells what a file holds. Throws StateError for what is in its way.
 */
export async function writeInto(
  territory: Territory,
  file: HostFile,
  old: readonly OldFile[],
  digestNow: (path: string) => Promise<string | undefined>,
): Promise<void> {
  const place = requirePlace(file.path, territory);
  const isOld = async (path: string): Promise<boolean> => {
    const digest = old.find((each) => each.path === path)?.digest;
    return digest !== undefined && digest === (await digestNow(path));
  };
  const open: Folder[] = [];
  try {
    const folder = await descend(place, open, isOld);
    await requireAllowed(folder, file.path, territory);
    await clearFolder(folder, file.path, old, isOld, territory);
    await replace(folder, file);
  } finally {
    for (const each of open) await each.close();
  }
}

/** The file's folder, made where it is missing; `opened` are all on the way. */
async function descend(
  { root, parts, isOurs }: Place,
  opened: Folder[],
  isOld: (path: string) => Promise<boolean>,
): Promise<Folder> {
  let folder = await openRoot(root);
  if (!folder) {
    await mkdir(root, { recursive: true });
    folder = await openRoot(root);
  }
  if (!folder) throw new StateError(`${root} is no folder`);
  opened.push(folder);
  for (const [depth, part] of parts.slice(0, -1).entries()) {
    let next: Folder | 'absent' | 'obstacle' = await folder.child(part);
    // The app's folder itself is out of its containers' reach: a link there was made by people.
    if (next === 'obstacle') await removeObstacle(folder, part, isOurs && depth > 0, isOld);
    if (!(next instanceof Folder)) {
      await mkdir(folder.at(part)).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'EEXIST') throw error;
      });
      await folder.handle.sync();
      next = await folder.child(part);
    }
    if (!(next instanceof Folder)) throw new StateError(`${join(folder.path, part)} changes while it is written to`);
    opened.push(next);
    folder = next;
  }
  return folder;
}

/** Makes way for a folder. A link, FIFO, socket or device holds no data. */
async function removeObstacle(
  folder: Folder,
  name: string,
  isOurs: boolean,
  isOld: (path: string) => Promise<boolean>,
): Promise<void> {
  const path = join(folder.path, name);
  const found = await lstat(folder.at(name)).catch(ifAbsent);
  // Another file of the folder was written meanwhile, or a container was quicker.
  if (!found || found.isDirectory()) return;
  if (found.isFile()) {
    if (!(await isOld(path)))
      throw new StateError(`${path} is a file of the site's own where Git has a folder; move it away`);
  } else if (found.isSymbolicLink() && !isOurs) {
    throw new StateError(`${path} is a link, and files of Git are written through none; put a folder there instead`);
  }
  await unlink(folder.at(name)).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT' && error.code !== 'EISDIR') throw error;
  });
}

/** Makes way for a file: an empty folder goes, and one with nothing but files that Git has dropped. */
async function clearFolder(
  folder: Folder,
  path: string,
  old: readonly OldFile[],
  isOld: (path: string) => Promise<boolean>,
  territory: Territory,
): Promise<void> {
  const name = path.slice(path.lastIndexOf('/') + 1);
  const found = await lstat(folder.at(name)).catch(ifAbsent);
  if (!found?.isDirectory()) return;
  const below = old.filter((each) => each.path !== path && isWithin(each.path, path));
  for (const each of below) if (await isOld(each.path)) await removeBelow(folder, each.path);
  const folders = new Set(below.flatMap((each) => foldersBetween(each.path, path)));
  for (const each of [...folders].sort((a, b) => b.length - a.length)) await removeEmpty(folder, each);
  await rmdir(folder.at(name)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return;
    if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
    throw new StateError(
      `${path} is a folder with data of the site's own where Git has a file; move the data away, or give Git's file another name`,
    );
  });
  await requireAllowed(folder, path, territory);
}

/** Folders above a file, below `top`. */
function foldersBetween(file: string, top: string): string[] {
  const found: string[] = [];
  for (let at = dirname(file); at !== top && isWithin(at, top); at = dirname(at)) found.push(at);
  return found;
}

const removeBelow = (from: Folder, path: string): Promise<void> => beneath(from, path, (entry) => unlink(entry));

/** What is not empty is told when the folder above it cannot be removed. */
const removeEmpty = (from: Folder, path: string): Promise<void> =>
  beneath(from, path, (entry) =>
    rmdir(entry).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST' && error.code !== 'ENOTDIR') throw error;
    }),
  );

/** Does something to an entry somewhere below an open folder; nothing where it is gone. */
async function beneath(from: Folder, path: string, act: (entry: string) => Promise<void>): Promise<void> {
  const parts = path.slice(from.path.length + (from.path.endsWith('/') ? 0 : 1)).split('/');
  await below(from, parts, (folder, name) => act(folder.at(name)).catch(ifAbsent));
}

/** Looked at once the folder is open: by its real place it is neither the site's own nor, from elsewhere, in the folder of the apps. */
async function requireAllowed(folder: Folder, path: string, { filesDir, keepOut }: Territory): Promise<void> {
  const place = join(await realPath(folder.self), path.slice(path.lastIndexOf('/') + 1));
  for (const kept of keepOut)
    if (isWithin(place, await realPath(kept)) || isWithin(await realPath(kept), place))
      throw new StateError(`${path} is the site's own (${kept}), where nothing of Git is written`);
  if (!isWithin(path, filesDir) && isWithin(place, await realPath(filesDir)))
    throw new StateError(`${path} leads into ${filesDir}, where each app has its own folder alone`);
}

async function replace(folder: Folder, { path, content, mode }: HostFile): Promise<void> {
  await replaceFile((name) => folder.at(name), path.slice(path.lastIndexOf('/') + 1), content, mode);
  await folder.handle.sync();
}

const ifAbsent = (error: NodeJS.ErrnoException): undefined => {
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
  throw error;
};
