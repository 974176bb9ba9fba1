import { readlink, realpath } from 'node:fs/promises';
import { basename, dirname, join, normalize, resolve } from 'node:path';
import { StateError } from '../lib/errors.ts';

/** Where files of Git may be written on a site, as its own settings say. Paths are absolute. */
export interface Territory {
  /** Each app has a folder of its own here, by its name. */
  filesDir: string;
  /** Folders in which Applications may have their projectDirectory. */
  projectRoots: readonly string[];
  /** Such folders in which several apps may write to one folder. */
  sharedRoots: readonly string[];
  /** What is the site's own: the state directory, and the files that its settings name. Nothing of Git comes near them. */
  keepOut: readonly string[];
}

/** A folder that the site names, and the parts below it. `isOurs`: made by the agent, so that a link in it is never the site's own. */
export interface Place {
  root: string;
  parts: string[];
  isOurs: boolean;
}

/** The place of a file; undefined where nothing may be written. The longest root counts. */
export function placeOf(path: string, { filesDir, projectRoots, sharedRoots }: Territory): Place | undefined {
  if (path !== normalize(path) || path.includes('\0')) return undefined;
  const below = (root: string, isOurs: boolean): Place => ({ root, isOurs, parts: partsBelow(path, root) });
  // A file lies in an app's folder, never beside it.
  if (isWithin(path, filesDir)) return partsBelow(path, filesDir).length > 1 ? below(filesDir, true) : undefined;
  const [root] = [...projectRoots, ...sharedRoots]
    .filter((each) => path !== each && isWithin(path, each))
    .sort((a, b) => b.length - a.length);
  return root === undefined ? undefined : below(root, false);
}

/** The same; throws StateError where nothing may be written. */
export function requirePlace(path: string, territory: Territory): Place {
  const place = placeOf(path, territory);
  if (place) return place;
  throw new StateError(`${path} lies outside of the folders that this site writes files of Git to`);
}

const partsBelow = (path: string, root: string): string[] =>
  path
    .slice(root.length)
    .split('/')
    .filter((part) => part !== '');

/** Whether a path is a folder or lies in it. */
export const isWithin = (path: string, folder: string): boolean =>
  path === folder || path.startsWith(folder === '/' ? '/' : `${folder}/`);

export const overlaps = (one: string, other: string): boolean => isWithin(one, other) || isWithin(other, one);

/** Where a path really lies, or would once it is made; also behind a link to what is not there yet. */
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
