import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createHostFiles } from '../../../src/apply/host-files.ts';

const PATHS = ['a', 'b/c', 'b/d/e', 'f/g', '.repo/h/i'];
const SPOTS = [...PATHS, 'b', 'b/d', 'f', '.repo', '.repo/h'];
const HOW = ['gone', 'fifo', 'folder', 'link', 'loop', 'sparse', 'other', 'moved'] as const;

test('a container can do anything to its folder: nothing outside is touched, and its files come back', async () => {
  const step = fc.record({ spot: fc.constantFrom(...SPOTS), how: fc.constantFrom(...HOW), heal: fc.boolean() });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
      const dir = await mkdtemp(join(tmpdir(), 'hf-tenant-'));
      const own = join(dir, 'apps/shop');
      const files = createHostFiles({ filesDir: join(dir, 'apps'), projectRoots: [], sharedRoots: [], keepOut: [] });
      const wanted = PATHS.map((path) => ({
        path: join(own, path),
        content: Buffer.from(path),
        mode: 0o644,
        digest: createHash('sha256').update(path).digest('hex'),
      }));
      const heal = async (): Promise<string[]> => {
        const seen = await files.observe(wanted.map(({ path, content }) => ({ path, size: content.length })));
        const failed: string[] = [];
        // All at once, as a plan does.
        const missing = wanted.filter(({ path, digest }) => seen[path]?.digest !== digest);
        await Promise.all(
          missing.map((file) => files.write(file, []).catch((error: Error) => void failed.push(error.message))),
        );
        return failed;
      };
      try {
        await mkdir(join(dir, 'outside/d'), { recursive: true });
        for (const name of ['c', 'g', 'd/e']) await writeFile(join(dir, 'outside', name), 'secret');
        await heal();
        for (const { spot, how, heal: now } of steps) {
          await spoil(join(own, spot), how, join(dir, 'outside')).catch(() => {});
          if (now) await heal();
        }
        // The agent names each folder that holds data; once that is moved away, all is as it should be.
        for (let tries = 0; tries < 8; tries += 1) {
          const named = (await heal()).map((text) => /^(\S+) is a /.exec(text)?.[1]);
          for (const path of named) if (path?.startsWith(own)) await rm(path, { recursive: true, force: true });
        }
        for (const { path, content } of wanted) expect(await readFile(path)).toEqual(content);
        for (const name of ['c', 'g', 'd/e']) expect(await readFile(join(dir, 'outside', name), 'utf8')).toBe('secret');
        expect((await readdir(join(dir, 'outside'), { recursive: true })).sort()).toEqual(['c', 'd', 'd/e', 'g']);
      } finally {
        await rm(dir, { recursive: true, force: true });
      }
    }),
    { numRuns: 40 },
  );
}, 60_000);

async function spoil(path: string, how: (typeof HOW)[number], outside: string): Promise<void> {
  if (how === 'moved') return rename(path, `${path}.moved`);
  await rm(path, { recursive: true, force: true });
  if (how === 'fifo') execFileSync('mkfifo', [path], { stdio: 'ignore' });
  if (how === 'folder') await mkdir(join(path, 'full'), { recursive: true });
  if (how === 'link') await symlink(outside, path);
  if (how === 'loop') await symlink(path, path);
  if (how === 'other') await writeFile(path, 'x');
  if (how === 'sparse') await writeFile(path, '').then(() => truncate(path, 3e9));
}
