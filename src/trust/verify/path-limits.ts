/** The entries of a folder in a commit: name to `KIND ID`, as `dir 0123…`. undefined if there is no such folder. */
export type ReadFolder = (commit: string, path: string) => Promise<ReadonlyMap<string, string> | undefined>;

const FOLDER = /^dir /;
const EMPTY: ReadonlyMap<string, string> = new Map();

/**
 * The first path outside of `allowed` in which two commits differ; undefined if there is none. Reads only the folders on the way to the allowed paths: not
 * the allowed ones, and not those with equal IDs.
 */
export async function changedOutside(
  read: ReadFolder,
  before: string,
  after: string,
  allowed: readonly string[],
  folder = '',
): Promise<string | undefined> {
  const [old, now] = [(await read(before, folder)) ?? EMPTY, (await read(after, folder)) ?? EMPTY];
  for (const name of [...new Set([...old.keys(), ...now.keys()])].sort()) {
    const [was, is] = [old.get(name), now.get(name)];
    if (was === is) continue;
    const path = folder === '' ? name : `${folder}/${name}`;
    if (allowed.includes(path)) continue;
    const leadsOn = allowed.some((each) => each.startsWith(`${path}/`));
    const areFolders = [was, is].every((entry) => entry === undefined || FOLDER.test(entry));
    if (!leadsOn || !areFolders) return path;
    const below = await changedOutside(read, before, after, allowed, path);
    if (below !== undefined) return below;
  }
  return undefined;
}

/** Reads each folder once. */
export function remembering(read: ReadFolder): ReadFolder {
  const known = new Map<string, ReturnType<ReadFolder>>();
  return (commit, path) => {
    const key = `${commit} ${path}`;
    const found = known.get(key) ?? read(commit, path);
    known.set(key, found);
    return found;
  };
}
