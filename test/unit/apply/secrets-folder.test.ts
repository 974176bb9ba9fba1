import { chmod, mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createHostFiles, type HostFiles } from '../../../src/apply/host-files.ts';
import { requireMemory } from '../../../src/apply/secrets-folder.ts';
import type { Territory } from '../../../src/apply/territory.ts';
import type { HostFile } from '../../../src/model/state.ts';
import { generateIdentity } from '../../../src/secrets/crypt/identity.ts';
import { siteSecrets } from '../../../src/secrets/site-secrets.ts';
import { memoryFolder } from '../../support/secrets/memory-folder.ts';

const secrets = siteSecrets({ site: [await generateIdentity()], apps: new Map() }, Buffer.alloc(32, 1));
let dir: string;
let memory: Awaited<ReturnType<typeof memoryFolder>>;
let territory: Territory;
let files: HostFiles;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'hf-secrets-'));
  memory = await memoryFolder();
  const secretsDir = join(memory.path, 'secrets');
  territory = { filesDir: join(dir, 'apps'), projectRoots: ['/'], sharedRoots: [], secretsDir, keepOut: [secretsDir] };
  files = createHostFiles(territory, secrets.digest);
});
afterEach(async () => {
  await memory.clear();
  await rm(dir, { recursive: true, force: true });
});

const secret = (name: string, text = 'weasel'): HostFile => {
  const path = join(territory.secretsDir ?? '', name);
  const content = Buffer.from(text);
  return { path, content, mode: 0o444, digest: secrets.digest(path, content), secret: 'open' };
};

test('a secret is written for its owner alone, and seen by its digest with the key of the site', async () => {
  const one = secret('shop/secret-db');
  await files.write(one, []);
  expect(await files.observe([{ path: one.path, size: one.content.length }])).toEqual({
    [one.path]: { digest: one.digest, mode: 0o444 },
  });
  for (const folder of ['', 'shop'])
    expect((await stat(join(territory.secretsDir ?? '', folder))).mode & 0o777).toBe(0o700);
  expect(one.digest).not.toBe(secret('shop/secret-other').digest);
  await files.remove(one.path);
  expect(await files.observe([{ path: one.path }])).toEqual({});
});

test('a folder that an engine made for all to read is closed', async () => {
  await mkdir(territory.secretsDir ?? '');
  await chmod(territory.secretsDir ?? '', 0o755);
  await files.write(secret('shop/secret-db'), []);
  expect((await stat(territory.secretsDir ?? '')).mode & 0o777).toBe(0o700);
});

test.each(['secret-db', 'shop/more/secret-db', '../secret-db', 'shop/../../secret-db'])(
  'a secret lies in the folder of its app, not at %s',
  async (name) => {
    const path = `${territory.secretsDir}/${name}`;
    await expect(files.write({ ...secret('shop/x'), path }, [])).rejects.toThrow(/outside|decrypted/);
  },
);

test('no file of Git lies in the folder of secrets, and no secret elsewhere', async () => {
  const { secret: _, ...plain } = secret('shop/secret-db');
  await expect(files.write(plain, [])).rejects.toThrow('is no decrypted file');
  await expect(files.write({ ...secret('x'), path: join(dir, 'apps/shop/x') }, [])).rejects.toThrow(
    'is a decrypted file',
  );
});

test('a link out of the folder of secrets is not followed', async () => {
  await mkdir(territory.secretsDir ?? '', { mode: 0o700 });
  await mkdir(join(dir, 'elsewhere'));
  await symlink(join(dir, 'elsewhere'), join(territory.secretsDir ?? '', 'shop'));
  await expect(files.write(secret('shop/secret-db'), [])).rejects.toThrow('is a link');
});

test('a folder on a disk is refused, and nothing is written there', async () => {
  const onDisk = await mkdtemp(join(process.cwd(), 'node_modules/.hf-'));
  try {
    await expect(requireMemory(onDisk)).rejects.toThrow(`${onDisk} is on a disk`);
    const there = createHostFiles({ ...territory, secretsDir: onDisk }, secrets.digest);
    const path = join(onDisk, 'shop/secret-db');
    await expect(there.write({ ...secret('x'), path }, [])).rejects.toThrow('kept in memory alone');
    await expect(readFile(path)).rejects.toThrow('ENOENT');
  } finally {
    await rm(onDisk, { recursive: true, force: true });
  }
});

test('a file in place of the folder is refused', async () => {
  await writeFile(join(memory.path, 'secrets'), '');
  await expect(requireMemory(join(memory.path, 'secrets'))).rejects.toThrow(/EEXIST|is not a folder/);
});
