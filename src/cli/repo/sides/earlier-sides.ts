import type { Earlier } from '../../../impact/behind.ts';
import type { Side } from '../../../impact/read-side.ts';
import { InputError, SourceError } from '../../../lib/errors.ts';
import { entry } from '../../../lib/maps/map-entry.ts';
import type { Source } from '../../../source/source.ts';
import { type Commit, parseCommit } from '../../../trust/signed-object.ts';
import { TrustError } from '../../../trust/trust-error.ts';

/** The commits that are looked at in all, so that a clock of 1970 does not read a whole history. */
const MOST_COMMITS = 10_000;

/**
 * The fleet as the branch had it some time before a change: the newest commit, along first parents, that is old enough by its committer's date. The change comes
 * at the date of `to`, or now for the files as they are. A clone without that part of the history gives the oldest commit that it has.
 */
export function earlierSides(
  source: Pick<Source, 'object'>,
  from: string,
  to: string | undefined,
  open: (commit: string) => Promise<Side>,
): Earlier {
  const { signal } = new AbortController();
  /** `from` and its first parents, as far as they were looked at. */
  const line: Commit[] = [];
  let isWhole = false;

  const read = async (oid: string): Promise<Commit | undefined> => {
    try {
      return parseCommit(oid, await source.object(oid, 'commit', signal));
    } catch (error) {
      if (error instanceof SourceError || error instanceof TrustError) return undefined;
      throw error;
    }
  };

  const readNext = async (): Promise<void> => {
    const last = line.at(-1);
    const oid = last ? last.parents[0] : from;
    const next = oid === undefined || line.length >= MOST_COMMITS ? undefined : await read(oid);
    if (next) line.push(next);
    else isWhole = true;
  };

  const commitAt = async (time: number): Promise<string | undefined> => {
    for (let index = 0; ; index++) {
      if (index === line.length && !isWhole) await readNext();
      const commit = line[index];
      if (!commit) return line.at(-1)?.oid;
      if (commit.time <= time) return commit.oid;
    }
  };

  const sides = new Map<string, Promise<Side | undefined>>();
  const sideOf = async (commit: string): Promise<Side | undefined> => {
    try {
      return await open(commit);
    } catch (error) {
      // There was no fleet yet, or the clone lacks its files.
      if (error instanceof InputError || error instanceof SourceError) return undefined;
      throw error;
    }
  };
  const find = async (ms: number): Promise<Side | undefined> => {
    const arrives = (to === undefined ? undefined : (await read(to))?.time) ?? Date.now();
    const commit = await commitAt(arrives - ms);
    if (commit === undefined || commit === from) return undefined;
    return entry(sides, commit, () => sideOf(commit));
  };

  const known = new Map<number, Promise<Side | undefined>>();
  // One after the other: they share the line of commits.
  let turn: Promise<unknown> = Promise.resolve();
  return (ms) =>
    entry(known, ms, () => {
      const found = turn.then(() => find(ms));
      turn = found.catch(() => undefined);
      return found;
    });
}
