import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseConfig } from '../git/clone/layout.ts';
import { repoName } from '../git/remote.ts';

/** The name of the repo that a work tree was cloned from, by the `origin` in its Git configuration; undefined where there is none. */
export async function originRepoName(dir: string): Promise<string | undefined> {
  const config = await textOf(join(await gitDir(dir), 'config'));
  const url = config === undefined ? undefined : parseConfig(config).get('remote.origin.url');
  return url === undefined ? undefined : repoName(url);
}

/** `.git` is a folder, or in a linked work tree a file naming one that names the shared one. */
async function gitDir(dir: string): Promise<string> {
  const pointer = (await textOf(join(dir, '.git')))?.match(/^gitdir: (.+)$/m)?.[1];
  if (pointer === undefined) return join(dir, '.git');
  const linked = resolve(dir, pointer.trim());
  const common = await textOf(join(linked, 'commondir'));
  return common === undefined ? linked : resolve(linked, common.trim());
}

async function textOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    // Only a name hangs on it; a folder that is no work tree, or is not ours to read, has none.
    if (['ENOENT', 'ENOTDIR', 'EISDIR', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? ''))
      return undefined;
    throw error;
  }
}
