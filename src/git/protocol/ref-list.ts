import { SourceError } from '../../lib/errors.ts';
import type { RemoteRef } from '../refs.ts';

/** Far more than a repo's tags of one range of versions, which is the longest list that is ever asked for. */
const MOST_REFS = 20_000;
const MOST_BYTES = 2 * 1024 * 1024;

/**
 * The refs of an answer that were asked for: a server may list all that it has, or more than anybody can hold. `add` and `peel` throw SourceError `limit` beyond
 * what is kept.
 */
export function refList(prefixes: readonly string[]) {
  const refs = new Map<string, RemoteRef>();
  let bytes = 0;
  return {
    add(ref: RemoteRef): void {
      if (!prefixes.some((prefix) => ref.name.startsWith(prefix))) return;
      bytes += ref.name.length;
      if (refs.size >= MOST_REFS || bytes > MOST_BYTES)
        throw new SourceError(
          'limit',
          `The Git server lists more than the ${MOST_REFS} refs or ${MOST_BYTES} bytes of their names that are looked at: name a branch, a tag or a narrower range`,
        );
      // Copied, or each name would hold the whole line that it came in.
      const name = Buffer.from(ref.name).toString();
      refs.set(name, { ...ref, name });
    },
    /** A tag's target, where the tag is kept. */
    peel(name: string, oid: string): void {
      const tag = refs.get(name);
      if (tag) tag.peeled = oid;
    },
    all: (): RemoteRef[] => [...refs.values()],
  };
}
