import type { Entry, Snapshot, SourceFile } from '../model/snapshot.ts';
import { idOf } from './witness.ts';

/** Larger files are read again each time, as is everything beyond the total; in bytes. */
const LARGEST = 1024 * 1024;
const TOTAL = 64 * 1024 * 1024;

/** The same snapshot, which keeps what it read: for code that reads the same files for many sites. A read that throws is not kept. */
export function keptSnapshot(snapshot: Snapshot): Snapshot {
  const files = new Map<string, SourceFile | undefined>();
  const ids = new Map<string, Promise<string | undefined>>();
  const lists = new Map<string, Promise<Entry[] | undefined>>();
  let bytes = 0;
  const read = async (path: string): Promise<SourceFile | undefined> => {
    if (files.has(path)) return files.get(path);
    const file = await snapshot.read(path);
    const size = file?.content.byteLength ?? 0;
    if (size > LARGEST || bytes + size > TOTAL || files.has(path)) return file;
    bytes += size;
    files.set(path, file);
    return file;
  };
  return {
    ...snapshot,
    read,
    identify(path) {
      const known = ids.get(path) ?? idOf({ ...snapshot, read }, path);
      ids.set(path, known);
      known.catch(() => ids.delete(path));
      return known;
    },
    list(dir) {
      const known = lists.get(dir) ?? snapshot.list(dir);
      lists.set(dir, known);
      known.catch(() => lists.delete(dir));
      return known;
    },
  };
}
