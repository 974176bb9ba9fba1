import type { Entry, Snapshot } from '../../../src/model/snapshot.ts';
import { byName, segments } from '../../../src/source/tree-path.ts';

export interface CountingSnapshot extends Snapshot {
  /** `read PATH` and `list DIR`, in order. */
  asked: string[];
}

/** A snapshot of files given as text, which counts what is asked of it. */
export function memorySnapshot(files: Record<string, string>, name = 'edge'): CountingSnapshot {
  const asked: string[] = [];
  return {
    asked,
    origin: { description: `memory of ${name}`, name },
    revision: '1'.repeat(40),
    async read(path) {
      segments(path);
      asked.push(`read ${path}`);
      const text = Object.hasOwn(files, path) ? files[path] : undefined;
      return text === undefined ? undefined : { content: Buffer.from(text), executable: path.endsWith('.sh') };
    },
    async list(dir) {
      segments(dir);
      asked.push(`list ${dir}`);
      const below = dir === '' ? '' : `${dir}/`;
      const entries = new Map<string, Entry>();
      for (const path of Object.keys(files)) {
        if (!path.startsWith(below)) continue;
        const [entry = '', ...rest] = path.slice(below.length).split('/');
        entries.set(entry, { name: entry, kind: rest.length > 0 ? 'dir' : 'file' });
      }
      return entries.size === 0 && dir !== '' ? undefined : [...entries.values()].sort(byName);
    },
  };
}
