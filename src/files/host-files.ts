import { createHash } from 'node:crypto';
import type { Disk } from '../lib/disk.ts';
import type { HostFile } from '../model/state.ts';

/** Files of Git on the site's disk: what is there, and writing what should be. */
export interface HostFiles {
  /** Digest and mode of those that exist. Content is read again only when size, time, mode or inode changed. */
  observe(paths: string[]): Promise<Record<string, { digest: string; mode: number }>>;
  write(file: HostFile): Promise<void>;
  remove(path: string): Promise<void>;
}

export function createHostFiles(disk: Disk): HostFiles {
  const known = new Map<string, { stamp: string; digest: string }>();
  return {
    async observe(paths) {
      const found: Record<string, { digest: string; mode: number }> = {};
      for (const path of paths) {
        const stat = await disk.stat(path);
        if (!stat) continue;
        const stamp = `${stat.size} ${stat.mtimeMs} ${stat.ino} ${stat.mode}`;
        let entry = known.get(path);
        if (entry?.stamp !== stamp) {
          const content = await disk.read(path);
          if (!content) continue;
          entry = { stamp, digest: createHash('sha256').update(content).digest('hex') };
          known.set(path, entry);
        }
        found[path] = { digest: entry.digest, mode: stat.mode };
      }
      return found;
    },
    write: (file) => disk.write(file.path, file.content, file.mode),
    remove: (path) => disk.remove(path),
  };
}
