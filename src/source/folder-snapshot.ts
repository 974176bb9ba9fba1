import type { Stats } from 'node:fs';
import { lstat, readdir, readFile, realpath } from 'node:fs/promises';
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

  /** The entry at a path, or undefined. Looks at each step on the way, so that no link is ever passed through. */
  const look = async (parts: string[], base = root): Promise<Stats | undefined> => {
    let found = await statOf(base);
    for (let depth = 1; depth <= parts.length; depth++) {
      if (!found?.isDirectory()) return undefined;
      const here = parts.slice(0, depth).join('/');
      found = await statOf(join(base, here));
      if (found?.isSymbolicLink()) throw linkError(here, 'symlink');
    }
    return found;
  };

  const start = await look(segments(folder), top);
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
      const found = await look(parts);
      if (!found?.isFile()) return undefined;
      const content = await readFile(join(root, ...parts)).catch((error: unknown) => unreadable(path, error));
      return { content, executable: (found.mode & 0o100) !== 0 };
    },

    async list(path) {
      const parts = segments(path);
      const found = await look(parts);
      if (!found?.isDirectory()) return undefined;
      const children = await readdir(join(root, ...parts), { withFileTypes: true }).catch((error: unknown) =>
        unreadable(path, error),
      );
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

async function statOf(path: string): Promise<Stats | undefined> {
  try {
    return await lstat(path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    return unreadable(path, error);
  }
}

function unreadable(path: string, error: unknown): never {
  throw new SourceError('path', `${path} cannot be read: ${messageOf(error)}`, { cause: error });
}

/** The name of the repo that a work tree was cloned from; undefined where there is none. */
async function originRepoName(dir: string): Promise<string | undefined> {
  const url = await originUrl(await gitDirOf(dir));
  return url === undefined ? undefined : repoName(url);
}
