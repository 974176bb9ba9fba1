import { access, realpath } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { programIn } from '../../git/clone/git-program.ts';
import { InputError } from '../../lib/errors.ts';
import type { Snapshot } from '../../model/snapshot.ts';
import { asInGit } from '../../source/git-filters.ts';

/**
 * The snapshot of a folder of this machine, with the files of Git LFS and git-crypt as Git stores them, since a site gets them so. `path` is the config
 * repo's folder below `dir`.
 */
export function asCommitted(snapshot: Snapshot, dir: string, path = ''): Snapshot {
  let filters: Promise<ReadonlyMap<string, string>> | undefined;
  return {
    ...snapshot,
    async read(file) {
      const found = await snapshot.read(file);
      if (!found) return undefined;
      filters ??= filtersBelow(join(dir, path));
      return { ...found, content: asInGit(found.content, (await filters).get(file)) };
    },
  };
}

/** The files below a folder and Git's filter for each; none if the folder is not in a work tree, or this machine has no Git. */
async function filtersBelow(folder: string): Promise<ReadonlyMap<string, string>> {
  if (!(await mayBeInWorkTree(folder))) return new Map();
  try {
    const files = await programIn(folder, 'git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard']);
    if (files.code !== 0 || files.stdout.length === 0) return new Map();
    const { stdout } = await programIn(folder, 'git', ['check-attr', '-z', '--stdin', 'filter'], files.stdout);
    // PATH, `filter` and its value, each ended by a NUL.
    const words = stdout.toString('utf8').split('\0');
    return new Map(
      words.flatMap((word, index) => (index % 3 === 0 ? [[word, words[index + 2] ?? 'unspecified'] as const] : [])),
    );
  } catch (error) {
    if (error instanceof InputError) return new Map();
    throw error;
  }
}

/**
 * Git takes the repo that its environment names, or looks for `.git` in the folder and in those above it. Looking for it here costs far less than
 * starting Git.
 */
async function mayBeInWorkTree(folder: string): Promise<boolean> {
  if (process.env.GIT_DIR || process.env.GIT_WORK_TREE) return true;
  const exists = (path: string): Promise<boolean> =>
    access(path).then(
      () => true,
      () => false,
    );
  for (let at = await realpath(folder); ; at = dirname(at)) {
    if (await exists(join(at, '.git'))) return true;
    if (at === dirname(at)) return false;
  }
}
