import type { Entry, Snapshot, SourceFile } from '../model/snapshot.ts';

/** Larger files are read again each time, as is everything beyond the total; in bytes. */
const LARGEST = 1024 * 1024;
const TOTAL = 64 * 1024 * 1024;

/** The same snapshot, which keeps what it read: for code that reads the same files for many sites. A read that throws is not kept. */
export function keptSnapshot(snapshot: Snapshot): Snapshot {
  const files = new Map<string, SourceFile | undefined>();
  const lists = new Map<string, Promise<Entry[] | undefined>>();
  let bytes = 0;
  return {
    ...snapshot,
    async read(path) {
      if (files.has(path)) return files.get(path);
      const file = await snapshot.read(path);
      const size = file?.content.byteLength ?? 0;
      if (size > LARGEST || bytes + size > TOTAL || files.has(path)) return file;
      bytes += size;
      files.set(path, file);
      return file;
    },
    list(dir) {
      const known = lists.get(dir) ?? snapshot.list(dir);
      lists.set(dir, known);
      known.catch(() => lists.delete(dir));
      return known;
    },
  };
}
