import { join } from 'node:path';
import { InputError } from '../lib/errors.ts';
import type { Snapshot } from '../model/snapshot.ts';
import { lfsPointer } from '../source/lfs-pointer.ts';
import { runProgram } from './git-program.ts';

/**
 * A folder of this machine with the files that Git LFS keeps as Git has them, and so as a site gets them: as pointers. `path` is the config repo's
 * folder below `dir`.
 */
export function asCommitted(snapshot: Snapshot, dir: string, path = ''): Snapshot {
  let kept: Promise<ReadonlySet<string>> | undefined;
  return {
    ...snapshot,
    async read(file) {
      const found = await snapshot.read(file);
      if (!found) return undefined;
      kept ??= keptByLfs(join(dir, path));
      return (await kept).has(file) ? { ...found, content: lfsPointer(found.content) } : found;
    },
  };
}

/** The files below a folder that go through the filter of Git LFS; none where the folder is no work tree, or this machine has no Git. */
async function keptByLfs(folder: string): Promise<ReadonlySet<string>> {
  try {
    const files = await runProgram('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], folder);
    if (files.code !== 0 || files.stdout.length === 0) return new Set();
    const { stdout } = await runProgram('git', ['check-attr', '-z', '--stdin', 'filter'], folder, files.stdout);
    // PATH, `filter` and its value, each ended by a NUL.
    const words = stdout.toString('utf8').split('\0');
    return new Set(words.filter((_, index) => index % 3 === 0 && words[index + 2] === 'lfs'));
  } catch (error) {
    if (error instanceof InputError) return new Set();
    throw error;
  }
}
