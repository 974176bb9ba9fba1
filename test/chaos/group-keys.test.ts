import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { until } from '../../scripts/machine/processes.ts';
import { sealAgeFile } from '../../src/secrets/crypt/age-file.ts';
import { generateIdentity, type Identity, keyFileText } from '../../src/secrets/crypt/identity.ts';
import { groupKeyText } from '../../src/secrets/group-key.ts';
import { memoryFolder } from '../support/secrets/memory-folder.ts';
import { sealedFile } from '../support/secrets/sealed-file.ts';
import {
  allRun,
  app,
  type ChaosSite,
  chaosSite,
  describeChaos,
  IMAGE,
  IMAGE_2,
  secretFile,
  staying,
} from '../support/site/chaos-site.ts';
import { execIn, type Running } from '../support/site/site.ts';

const [FIRST, NEXT] = ['otter-27182818-first', 'otter-31415926-next'];

// Each test goes on from the one before.
describeChaos('the key of a recipient group', () => {
  let site: ChaosSite;
  let folder: Awaited<ReturnType<typeof memoryFolder>>;
  let own: Identity;
  let group: Identity;
  let keyFile: string;
  let args: string[];
  let agent: Awaited<ReturnType<ChaosSite['start']>>;

  beforeAll(async () => {
    [site, folder, own, group] = await Promise.all([
      chaosSite(),
      memoryFolder(),
      generateIdentity(),
      generateIdentity(),
    ]);
    keyFile = `keys/shops/${site.name}.age`;
    args = ['--age-key-file', await secretFile(join(site.dir, 'age.key'), keyFileText(own))];
    args.push('--secrets-dir', folder.path);
  }, 60_000);
  afterAll(async () => {
    await site?.close();
    await folder?.clear();
  }, 60_000);

  const sealed = (password: string, key: Identity): Promise<string> =>
    sealedFile('db.yaml', `password: ${password}\n`, { recipients: [key.recipient] });
  const groupKey = (keys: Identity[], name = 'shops'): Promise<string> =>
    sealAgeFile(groupKeyText(name, keys), [own.recipient]);
  const path = (): string => `apps/${site.app('a')}/db.yaml`;
  const web = async (short: string) =>
    (await site.becomes('both run', allRun(2))).find((one) => one.app === site.app(short))?.id ?? '';
  const secretIn = async (id: string): Promise<string> =>
    (await execIn(site.host, id, ['cat', '/run/secrets/db'])).trim();
  /** App b needs no key: a commit that changes it shows that it goes on. */
  const other = (image: string) => app(site, 'b', staying({ web: { image } }));

  test('decrypts the files of the app, and is nowhere on the disk', async () => {
    await site.repo.commit({
      'fleet.yaml': JSON.stringify({
        apiVersion: 'holdfast/v1',
        kind: 'Fleet',
        spec: {
          syncPolicy: { automated: { prune: true, selfHeal: true } },
          recipientGroups: { shops: { apps: [site.app('a')] } },
        },
      }),
      [`sites/${site.name}.yaml`]: 'apiVersion: holdfast/v1\nkind: Site\n',
      ...app(site, 'a', staying({ web: { secrets: ['db'] } }, { secrets: { db: { file: './db.yaml' } } })),
      ...other(IMAGE),
      [path()]: await sealed(FIRST, group),
      [keyFile]: await groupKey([group]),
      'keys/shops/another.age': 'weasel',
    });
    agent = await site.start({ args: [...args, '--log-level', 'debug'] });
    expect(await secretIn(await web('a'))).toBe(`password: ${FIRST}`);
    await expectNowhere();
  }, 180_000);

  test('may be replaced by a new one, beside which the former is read: nothing restarts', async () => {
    const id = await web('a');
    const former = group;
    group = await generateIdentity();
    await site.isAs(await site.repo.commit({ [keyFile]: await groupKey([group, former]) }));
    expect(await web('a')).toBe(id);
    await site.isAs(await site.repo.commit({ [path()]: await sealed(FIRST, group) }));
    expect(await web('a')).toBe(id);
    await site.isAs(await site.repo.commit({ [path()]: await sealed(NEXT, group) }));
    expect(await secretIn(await web('a'))).toBe(`password: ${NEXT}`);
  }, 180_000);

  test('that is broken, of others, or missing breaks the app that needs it, and no other one', async () => {
    const id = await web('a');
    const whole = await groupKey([group]);
    const spoilt: [RegExp, string | null][] = [
      [/\.age:1:1: .*a part of it is missing/, whole.slice(0, 250)],
      [/\.age:1:1: the file is larger than 64 KB/, whole.padEnd(2 * 1024 * 1024, '\n')],
      [/\.age:1:1: the file does not hold the key of the group shops/, await groupKey([group], 'masts')],
      [/\.age:1:1: the file is not encrypted for the key here/, await sealAgeFile('weasel', [group.recipient])],
      [/there is no keys\/shops\/chaos-\w+\.age with the key of the group shops/, null],
    ];
    for (const [index, [reason, text]] of spoilt.entries()) {
      const from = (await site.log()).length;
      const image = index % 2 === 0 ? IMAGE_2 : IMAGE;
      await site.repo.commit({ [keyFile]: text, ...other(image) });
      await site.sees(reason, { from });
      const isNext = (one: Running): boolean => one.app === site.app('b') && one.image === image;
      await site.becomes(`b runs ${image}`, (found) => allRun(2)(found) && found.some(isNext));
      expect(await web('a')).toBe(id);
    }
    await site.isAs(await site.repo.commit({ [keyFile]: await groupKey([group]) }));
    expect(await web('a')).toBe(id);
  }, 180_000);

  test('is there after a restart without a network, from the accepted state', async () => {
    await agent.end('SIGKILL');
    await folder.clear();
    await site.git.close();
    await site.start({ args });
    const file = join(folder.path, site.app('a'), 'secret-db');
    expect(await until(async () => existsSync(file), 60_000)).toBe(true);
    expect(await readFile(file, 'utf8')).toBe(`password: ${NEXT}\n`);
    await expectNowhere();
  }, 180_000);

  /** Neither the private keys nor the secrets. */
  async function expectNowhere(): Promise<void> {
    const files = [site.logFile];
    for (const dir of [site.stateDir, site.filesDir])
      for (const one of await readdir(dir, { withFileTypes: true, recursive: true }))
        if (one.isFile()) files.push(join(one.parentPath, one.name));
    for (const file of files) {
      const text = await readFile(file, 'latin1');
      expect([file, /AGE-SECRET-KEY-1|otter-\d/.exec(text)?.[0]]).toEqual([file, undefined]);
    }
  }
});
