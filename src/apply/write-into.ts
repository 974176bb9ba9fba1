import { lstat, mkdir, rmdir, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { replaceFile } from '../lib/disk.ts';
import { StateError } from '../lib/errors.ts';
import type { HostFile, OldFile } from '../model/state.ts';
import { below, Folder, openRoot } from './folder.ts';
import { requireMemory } from './secrets-folder.ts';
import { isWithin, type Location, realPath, requireLocation, type Territory } from './territory.ts';

/**
 * Writes a file of Git. Opens each folder on the way inside the one before, and makes missing ones; then a temporary file, fsync, rename, fsync of the
 * folder. `digestNow` reads the digest of a file. Throws StateError for an obstacle that holds data.
 */
export async function writeInto(
  territory: Territory,
  file: HostFile,
  old: readonly OldFile[],
  digestNow: (path: string) => Promise<string | undefined>,
): Promise<void> {
  const location = requireLocation(file.path, territory);
  const isSecret = location.root === territory.secretsDir;
  if (Boolean(file.secret) !== isSecret)
    throw new StateError(
      `${file.path} is ${isSecret ? 'no' : 'a'} decrypted file, and those alone lie in the folder of secrets`,
    );
  if (isSecret) await requireMemory(location.root);
  const isOld = async (path: string): Promise<boolean> => {
    const digest = old.find((each) => each.path === path)?.digest;
    return digest !== undefined && digest === (await digestNow(path));
  };
  const open: Folder[] = [];
  try {
    const folder = await descend(location, open, isOld, isSecret ? 0o700 : 0o777);
    await requireAllowed(folder, file.path, territory);
    await clearFolder(folder, file.path, old, isOld, territory);
    await replace(folder, file);
  } finally {
    for (const each of open) await each.close();
  }
}

/** Opens the file's folder, and makes it where it is missing. All opened folders go into `opened`. */
async function descend(
  { root, parts, isOurs }: Location,
  opened: Folder[],
  isOld: (path: string) => Promise<boolean>,
  mode: number,
): Promise<Folder> {
  let folder = await openRoot(root);
  if (!folder) {
    await mkdir(root, { recursive: true });
    folder = await openRoot(root);
  }
  if (!folder) throw new StateError(`${root} is not a folder`);
  opened.push(folder);
  for (const [depth, part] of parts.slice(0, -1).entries()) {
    let next: Folder | 'absent' | 'obstacle' = await folder.child(part);
    // Containers cannot reach the app's folder itself, so a person made a link there.
    if (next === 'obstacle') await removeObstacle(folder, part, isOurs && depth > 0, isOld);
    if (!(next instanceof Folder)) {
      await mkdir(folder.at(part), mode).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'EEXIST') throw error;
      });
      await folder.handle.sync();
      next = await folder.child(part);
    }
    if (!(next instanceof Folder))
      throw new StateError(`${join(folder.path, part)} changes while the agent writes to it`);
    opened.push(next);
    folder = next;
  }
  return folder;
}

/** Removes an obstacle where a folder is needed. A link, FIFO, socket or device holds no data. */
async function removeObstacle(
  folder: Folder,
  name: string,
  isOurs: boolean,
  isOld: (path: string) => Promise<boolean>,
): Promise<void> {
  const path = join(folder.path, name);
  const found = await lstat(folder.at(name)).catch(ifAbsent);
  // Another write or a container made the folder meanwhile.
  if (!found || found.isDirectory()) return;
  if (found.isFile()) {
    if (!(await isOld(path)))
      throw new StateError(`${path} is a file of the site's own where Git has a folder; move it away`);
  } else if (found.isSymbolicLink() && !isOurs) {
    throw new StateError(
      `${path} is a link, and the agent writes no file of Git through a link; put a folder there instead`,
    );
  }
  await unlink(folder.at(name)).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT' && error.code !== 'EISDIR') throw error;
  });
}

/** Removes a folder where a file is needed: an empty one, or one that holds only files that Git has dropped. */
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

/** A folder that is not empty is reported when the folder above it cannot be removed. */
const removeEmpty = (from: Folder, path: string): Promise<void> =>
  beneath(from, path, (entry) =>
    rmdir(entry).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST' && error.code !== 'ENOTDIR') throw error;
    }),
  );

/** Acts on an entry below an open folder; does nothing if the entry is gone. */
async function beneath(from: Folder, path: string, act: (entry: string) => Promise<void>): Promise<void> {
  const parts = path.slice(from.path.length + (from.path.endsWith('/') ? 0 : 1)).split('/');
  await below(from, parts, (folder, name) => act(folder.at(name)).catch(ifAbsent));
}

/** Checks the real path of an open folder: it is not the site's own, and a path from elsewhere does not lead into the folder of the apps. */
async function requireAllowed(folder: Folder, path: string, territory: Territory): Promise<void> {
  const { filesDir, keepOut, secretsDir } = territory;
  const real = join(await realPath(folder.self), path.slice(path.lastIndexOf('/') + 1));
  // Only the agent writes there.
  if (secretsDir !== undefined && isWithin(path, secretsDir)) {
    if (isWithin(real, await realPath(secretsDir))) return;
    throw new StateError(`${path} leads out of the folder of secrets`);
  }
  for (const kept of keepOut)
    if (isWithin(real, await realPath(kept)) || isWithin(await realPath(kept), real))
      throw new StateError(`${path} is the site's own (${kept}), and the agent writes no file of Git there`);
  if (!isWithin(path, filesDir) && isWithin(real, await realPath(filesDir)))
    throw new StateError(`${path} leads into ${filesDir}, where each app has its own folder only`);
}

async function replace(folder: Folder, { path, content, mode }: HostFile): Promise<void> {
  await replaceFile((name) => folder.at(name), path.slice(path.lastIndexOf('/') + 1), content, mode);
  await folder.handle.sync();
}

const ifAbsent = (error: NodeJS.ErrnoException): undefined => {
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
  throw error;
};
