import { posix } from 'node:path';
import type { Position } from '../../../lib/errors.ts';
import { didYouMean } from '../../../lib/text/did-you-mean.ts';
import type { RepoFiles } from './repo-files.ts';

/** A folder of Git may hold any number of names. Larger folders are not searched for similar names. */
const MOST_NAMES = 300;

/**
 * The path in Git that is most similar to this one, part by part; undefined when no path is similar. `isFree` says whether a path of the
 * repo may be suggested.
 */
export async function nearest(
  path: string,
  repo: RepoFiles,
  at: Position,
  isFree: (path: string) => boolean = () => true,
): Promise<string | undefined> {
  const parts = path.split('/');
  let found = '';
  for (const [index, part] of parts.entries()) {
    const isLast = index === parts.length - 1;
    const names = ((await repo.list(found, at)) ?? [])
      .filter(({ kind }) => kind === 'dir' || (isLast && kind === 'file'))
      .map(({ name }) => name);
    const mayBeMeant = (name: string): boolean => !isLonger(name, part) && (!isLast || isFree(posix.join(found, name)));
    const candidates = names.length > MOST_NAMES ? [] : names.filter(mayBeMeant);
    const next = names.includes(part) ? part : didYouMean(part, candidates);
    if (next === undefined) return undefined;
    found = posix.join(found, next);
  }
  return found;
}

/** A longer or shorter name is another thing, not a typo: `app.conf.example` and `app.conf`, `data-old` and `data`. */
const isLonger = (one: string, other: string): boolean => one.startsWith(other) || other.startsWith(one);

/** A path of the repo in the form for a Compose file whose paths are relative to a folder. */
export function asWritten(path: string, folder: string): string {
  const relative = posix.relative(`/${folder}`, `/${path}`);
  return relative.startsWith('../') ? relative : `./${relative}`;
}
