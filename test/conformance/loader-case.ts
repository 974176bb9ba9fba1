import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';

/**
 * A folder below `loader/`: a project as it is on a disk. Without a `case.json` it is read as `docker compose` reads a folder: `compose.yaml` and its
 * override, no profiles, nothing in the environment.
 */
export interface LoaderCase {
  name: string;
  directory: string;
  /** The project's own folder below `directory`, where it is not all of it. */
  folder: string;
  /** Compose files in the order of `-f`, relative to the project's folder. */
  files?: string[];
  profiles: string[];
  env: Record<string, string>;
  /** Both must refuse it, or Holdfast alone, and then `why`. Absent: both take it, and mean the same. */
  refused?: 'both' | 'holdfast';
  why?: string;
}

/** All of them, sorted by name. */
export async function loaderCases(): Promise<LoaderCase[]> {
  const root = join(import.meta.dirname, 'loader');
  const names = (await readdir(root)).sort();
  return Promise.all(names.map((name) => readCase(join(root, name))));
}

async function readCase(directory: string): Promise<LoaderCase> {
  const text = await readFile(join(directory, 'case.json'), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    return '{}';
  });
  const said = JSON.parse(text) as Partial<LoaderCase>;
  return { folder: '', profiles: [], env: {}, ...said, name: basename(directory), directory };
}
