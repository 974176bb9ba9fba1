import { readlink, realpath } from 'node:fs/promises';
import { basename, dirname, join, normalize, resolve } from 'node:path';
import { StateError } from '../lib/errors.ts';

/** The folders of a site in which the agent may write files of Git, by the site's own settings. Paths are absolute. */
export interface Territory {
  /** Each app has its own folder here, by its name. */
  filesDir: string;
  /** Folders in which Applications may have their projectDirectory. */
  projectRoots: readonly string[];
  /** The same, where several apps may write to one folder. */
  sharedRoots: readonly string[];
  /** The folder of decrypted files, in memory; each app has its own folder here. Absent: no file is decrypted. */
  secretsDir?: string | undefined;
  /** The site's own: the state directory, and the files that its settings name. No file of Git is written there, in them or around them. */
  keepOut: readonly string[];
}

/** A folder that the site names, and the parts of a path below it. `isOurs`: the agent makes the folder, so a link in it is never the site's own. */
export interface Location {
  root: string;
  parts: string[];
  isOurs: boolean;
}

/** The location of a file; undefined where the agent may not write. The longest root counts. */
export function locationOf(
  path: string,
  { filesDir, projectRoots, sharedRoots, secretsDir }: Territory,
): Location | undefined {
  if (path !== normalize(path) || path.includes('\0')) return undefined;
  if (secretsDir !== undefined && isWithin(path, secretsDir)) {
    const parts = partsBelow(path, secretsDir);
    return parts.length === 2 ? { root: secretsDir, parts, isOurs: true } : undefined;
  }
  const below = (root: string, isOurs: boolean): Location => ({ root, isOurs, parts: partsBelow(path, root) });
  // A file lies in an app's folder, never beside it.
  if (isWithin(path, filesDir)) return partsBelow(path, filesDir).length > 1 ? below(filesDir, true) : undefined;
  const [root] = [...projectRoots, ...sharedRoots]
    .filter((each) => path !== each && isWithin(path, each))
    .sort((a, b) => b.length - a.length);
  return root === undefined ? undefined : below(root, false);
}

/** Throws StateError where the agent may not write. */
export function requireLocation(path: string, territory: Territory): Location {
  const location = locationOf(path, territory);
  if (location) return location;
  throw new StateError(`${path} is outside of the folders in which this site writes files of Git`);
}

const partsBelow = (path: string, root: string): string[] =>
  path
    .slice(root.length)
    .split('/')
    .filter((part) => part !== '');

/** True for the folder itself too. */
export const isWithin = (path: string, folder: string): boolean =>
  path === folder || path.startsWith(folder === '/' ? '/' : `${folder}/`);

export const overlaps = (one: string, other: string): boolean => isWithin(one, other) || isWithin(other, one);

/** The path without links. Parts that do not exist yet are kept, also behind a link to them. */
export async function realPath(path: string, links = 40): Promise<string> {
  try {
    return await realpath(path);
  } catch {
    const above = dirname(path);
    if (above === path) return path;
    const target = links > 0 ? await readlink(path).catch(() => undefined) : undefined;
    if (target !== undefined) return realPath(resolve(above, target), links - 1);
    return join(await realPath(above, links), basename(path));
  }
}
