import { lstatSync, readdirSync, readFileSync, type Stats } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { gitDirOf, originUrl } from '../git/clone/layout.ts';
import { nameFault } from '../git/objects/entry-name.ts';
import { repoName } from '../git/remote.ts';
import { messageOf, SourceError } from '../lib/errors.ts';
import type { Entry, Snapshot } from '../model/snapshot.ts';
import { byName, linkError, normalizeFolder, segments } from './tree-path.ts';

/**
 * A folder on this machine as it is now, uncommitted files included. It follows the same rules as a commit: no links, no `.git`. `path` is
 * the config repo's folder below `dir`. Throws SourceError when there is no such folder.
 */
export async function folderSnapshot(dir: string, options: { path?: string } = {}): Promise<Snapshot> {
  const folder = normalizeFolder(options.path);
  const top = await realpath(resolve(dir)).catch((error: unknown) => {
    throw new SourceError('notFound', `There is no folder ${dir}`, { cause: error });
  });
  const root = join(top, folder);

  const folders = new Map<string, Stats | undefined>();

  /** The entry at a path, or undefined. Looks at each step on the way, at a folder once, so that no link is ever passed through. */
  const look = (parts: readonly string[], base = root): Stats | undefined => {
    if (parts.length === 0) return statOf(base);
    const above = parts.slice(0, -1);
    const key = join(base, ...above);
    const parent = folders.get(key) ?? look(above, base);
    folders.set(key, parent);
    if (!parent?.isDirectory()) return undefined;
    const found = statOf(join(base, ...parts));
    if (found?.isSymbolicLink()) throw linkError(parts.join('/'), 'symlink');
    return found;
  };

  const start = look(segments(folder), top);
  if (!start?.isDirectory()) {
    throw new SourceError(
      'notFound',
      folder === ''
        ? `${dir} is not a folder: name the one that holds the config repo or the Compose file`
        : `There is no folder ${folder} in ${dir}`,
    );
  }

  return {
    origin: {
      description: join(dir, folder),
      name: (folder !== '' && basename(folder)) || (await originRepoName(top)) || basename(top),
    },
    revision: 'worktree',

    async read(path) {
      const parts = segments(path);
      const found = look(parts);
      if (!found?.isFile()) return undefined;
      const content = orUnreadable(path, () => readFileSync(join(root, ...parts)));
      return { content, executable: (found.mode & 0o100) !== 0 };
    },

    async list(path) {
      const parts = segments(path);
      const found = look(parts);
      if (!found?.isDirectory()) return undefined;
      const children = orUnreadable(path, () => readdirSync(join(root, ...parts), { withFileTypes: true }));
      const entries: Entry[] = [];
      for (const child of children) {
        if (nameFault(child.name)) continue;
        // Sockets, devices and pipes cannot be in Git either.
        const kind = child.isFile()
          ? 'file'
          : child.isDirectory()
            ? 'dir'
            : child.isSymbolicLink()
              ? 'symlink'
              : undefined;
        if (kind) entries.push({ name: child.name, kind });
      }
      return entries.sort(byName);
    },
  };
}

function statOf(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') return undefined;
    throw unreadable(path, error);
  }
}

function orUnreadable<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw unreadable(path, error);
  }
}

const unreadable = (path: string, error: unknown): SourceError =>
  new SourceError('path', `${path} cannot be read: ${messageOf(error)}`, { cause: error });

/** The name of the repo that a work tree was cloned from; undefined where there is none. */
async function originRepoName(dir: string): Promise<string | undefined> {
  const url = await originUrl(await gitDirOf(dir));
  return url === undefined ? undefined : repoName(url);
}
