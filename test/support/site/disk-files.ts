import { createHash } from 'node:crypto';
import type { HostFiles, SecretDigest } from '../../../src/apply/host-files.ts';
import type { Territory } from '../../../src/apply/territory.ts';
import { SECRETS_DIR } from '../../../src/compose/load/values/values.ts';
import type { Disk } from '../../../src/lib/disk.ts';

/** Files of Git on a disk in memory, which has no links, no FIFOs and no folders. */
export const filesOn = (disk: Disk, secretDigest?: SecretDigest): HostFiles => ({
  async observe(asked) {
    const found: Record<string, { digest: string; mode: number }> = {};
    for (const { path } of asked) {
      const [stat, content] = [await disk.stat(path), await disk.read(path)];
      if (stat && content)
        found[path] = {
          digest:
            secretDigest && path.startsWith(SECRETS_DIR)
              ? secretDigest(path, content)
              : createHash('sha256').update(content).digest('hex'),
          mode: stat.mode,
        };
    }
    return found;
  },
  async write(file, old) {
    for (const { path } of old) await disk.remove(path);
    await disk.write(file.path, file.content, file.mode);
  },
  remove: (path) => disk.remove(path),
});

/** For tests that look at something else: files of Git may lie anywhere. */
export const ANYWHERE: Territory = { filesDir: '/nowhere', projectRoots: ['/'], sharedRoots: [], keepOut: [] };
