import { access, realpath } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { programIn } from '../../../git/clone/git-program.ts';
import { InputError } from '../../../lib/errors.ts';
import type { Snapshot } from '../../../model/snapshot.ts';
import { asInGit, FILTER_NAMES } from '../../../source/git-filters.ts';

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

/** The files below a folder that Git keeps by a filter, each with its filter; none if the folder is not in a work tree, or this machine has no Git. */
async function filtersBelow(folder: string): Promise<ReadonlyMap<string, string>> {
  if (!(await mayBeInWorkTree(folder))) return new Map();
  try {
    const all = await Promise.all([...FILTER_NAMES.map((filter) => committed(folder, filter)), uncommitted(folder)]);
    return new Map(all.flat());
  } catch (error) {
    if (error instanceof InputError) return new Map();
    throw error;
  }
}

type Filtered = readonly [file: string, filter: string];

/** Git itself looks at all files, so the cost grows little with the fleet. */
async function committed(folder: string, filter: string): Promise<Filtered[]> {
  const files = await wordsOf(folder, ['ls-files', '-z', `:(attr:filter=${filter})`]);
  return files.map((file) => [file, filter]);
}

/** For files that Git does not have yet, `ls-files` knows no attributes. */
async function uncommitted(folder: string): Promise<Filtered[]> {
  const files = await wordsOf(folder, ['ls-files', '-z', '--others', '--exclude-standard']);
  if (files.length === 0) return [];
  // PATH, `filter` and its value.
  const words = await wordsOf(folder, ['check-attr', '-z', '--stdin', 'filter'], files.join('\0'));
  return words.flatMap((word, index): Filtered[] => (index % 3 === 0 ? [[word, words[index + 2] ?? '']] : []));
}

/** The words that Git prints, each ended by a NUL; none where it fails. Throws InputError without Git. */
async function wordsOf(folder: string, args: string[], input = ''): Promise<string[]> {
  const { code, stdout } = await programIn(folder, 'git', args, Buffer.from(input));
  return code === 0 ? stdout.toString('utf8').split('\0').slice(0, -1) : [];
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
