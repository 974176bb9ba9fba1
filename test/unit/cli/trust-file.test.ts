import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { openToAll } from '../../../src/cli/repo/signing/trust-file.ts';

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'hf-trust-file-'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

test('a trust.yaml that everybody may change is told, and one that its group may is not', async () => {
  const file = join(dir, 'trust.yaml');
  await writeFile(file, '');
  await chmod(file, 0o664);
  expect(await openToAll(file)).toBeUndefined();
  await chmod(file, 0o666);
  expect(await openToAll(file)).toMatch(/trust\.yaml can be changed by everybody on this machine \(mode 666\)/);
});
