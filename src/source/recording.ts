import { SourceError } from '../lib/errors.ts';
import type { Entry, Origin, Snapshot, SourceFile } from '../model/snapshot.ts';

/** All that was asked of a snapshot and what it answered: enough to ask the same again without it. */
export interface Recorded {
  /** By path. */
  files: Record<string, SourceFile>;
  /** By folder; null where there is none. */
  lists: Record<string, Entry[] | null>;
  /** Paths that were read and are no file. */
  missing: string[];
}

/** The same snapshot, which remembers what is read through it. A read that throws is not remembered. */
export function recordSnapshot(snapshot: Snapshot): { snapshot: Snapshot; recorded(): Recorded } {
  const files = new Map<string, SourceFile>();
  const lists = new Map<string, Entry[] | null>();
  const missing = new Set<string>();
  return {
    snapshot: {
      origin: snapshot.origin,
      revision: snapshot.revision,
      async read(path) {
        const file = await snapshot.read(path);
        if (file) files.set(path, file);
        else missing.add(path);
        return file;
      },
      async list(dir) {
        const entries = await snapshot.list(dir);
        lists.set(dir, entries ?? null);
        return entries;
      },
      ...(snapshot.prepare && { prepare: (folders) => snapshot.prepare?.(folders) as Promise<void> }),
    },
    // Sorted, so that equal recordings are equal as text, whatever was read first.
    recorded: () => ({
      files: Object.fromEntries(sortedByKey(files)),
      lists: Object.fromEntries(sortedByKey(lists)),
      missing: [...missing].sort(),
    }),
  };
}

/** A snapshot that answers from a recording. A path that was never read before throws SourceError: absent and unknown are not the same. */
export function replaySnapshot(revision: string, origin: Origin, recorded: Recorded): Snapshot {
  const missing = new Set(recorded.missing);
  return {
    origin,
    revision,
    async read(path) {
      if (Object.hasOwn(recorded.files, path)) return recorded.files[path];
      if (missing.has(path)) return undefined;
      throw unknown(path, revision);
    },
    async list(dir) {
      const entries = Object.hasOwn(recorded.lists, dir) ? recorded.lists[dir] : undefined;
      if (entries === undefined) throw unknown(dir || 'the root folder', revision);
      return entries ?? undefined;
    },
  };
}

const sortedByKey = <T>(map: Map<string, T>): [string, T][] => [...map].sort(([a], [b]) => (a < b ? -1 : 1));

function unknown(path: string, revision: string): SourceError {
  return new SourceError(
    'notFound',
    `${path} of revision ${revision} is not on this site's disk: it was not read when that was accepted`,
  );
}
