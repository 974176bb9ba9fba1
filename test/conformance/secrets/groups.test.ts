import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { planRecipients, sealRecipients } from '../../../src/recipients/plan-recipients.ts';
import { generateIdentity, type Identity, keyFileText } from '../../../src/secrets/crypt/identity.ts';
import { groupKeyText, openGroupKey } from '../../../src/secrets/group-key.ts';
import { plainFile } from '../../../src/secrets/plain.ts';
import { siteSecrets } from '../../../src/secrets/site-secrets.ts';
import { parseSops, type SopsFile } from '../../../src/secrets/sops-file.ts';
import { folderSnapshot } from '../../../src/source/folder-snapshot.ts';
import { groupFleet } from '../../support/secrets/group-fleet.ts';

const [sops, age] = [process.env.SOPS_PEER ?? '', process.env.AGE_PEER ?? ''];
const run = promisify(execFile);

(existsSync(sops) && existsSync(age) ? describe : describe.skip)('recipient groups, beside sops and age', () => {
  let dir: string;
  let person: Identity;
  let sites: Map<string, Identity>;
  const write = async (path: string, text: string): Promise<void> => {
    await mkdir(dirname(join(dir, path)), { recursive: true });
    await writeFile(join(dir, path), text);
  };
  const read = (path: string): Promise<string> => readFile(join(dir, path), 'utf8');

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'hf-groups-'));
    const fleet = await groupFleet(['eu/one', 'eu/two']);
    ({ person, sites } = fleet);
    for (const [path, text] of Object.entries(fleet.files)) await write(path, text);
    await write('person.key', keyFileText(person));
    for (const [name, key] of sites) await write(`${name}.key`, keyFileText(key));
  });
  afterAll(() => rm(dir, { recursive: true, force: true }));

  const recipients = async () => {
    const snapshot = await folderSnapshot(dir);
    const result = await sealRecipients(snapshot, await planRecipients(snapshot, []), [person]);
    for (const [path, text] of [...result.keyFiles, ...result.records]) await write(path, text);
    for (const path of result.remove) await rm(join(dir, path));
    await write('.sops.yaml', result.rules);
    return result;
  };
  /** A command of the list that `holdfast recipients` prints, as a person runs it. */
  const byHand = async (command: string): Promise<void> => {
    const [name, ...args] = command.split(' ');
    expect(name).toBe('sops');
    await run(sops, args, { cwd: dir, env: { PATH: process.env.PATH, SOPS_AGE_KEY_FILE: join(dir, 'person.key') } });
  };
  const opened = async (site: string, path = 'apps/pos/db.yaml'): Promise<string> => {
    const secrets = siteSecrets({ site: [sites.get(site) as Identity], apps: new Map() }, Buffer.alloc(32));
    const file = parseSops(Buffer.from(await read(path)), path) as SopsFile;
    const key = `keys/shops/${site}.age`;
    const group = { group: 'shops', path: key, read: async () => Buffer.from(await read(key)) };
    return plainFile(await secrets.open('pos', file, group)).toString();
  };

  test('age decrypts the key file of a site and that of the people, and sops reads a file with the key in it', async () => {
    const plain = 'password: weasel\n';
    await recipients();
    await write('apps/pos/db.yaml', plain);
    await byHand('sops encrypt --in-place apps/pos/db.yaml');
    for (const [file, key] of [
      ['keys/shops/eu/one.age', 'eu/one.key'],
      ['keys/shops.age', 'person.key'],
    ] as const) {
      const { stdout } = await run(age, ['--decrypt', '--identity', join(dir, key), join(dir, file)]);
      expect(stdout).toMatch(/^# Key of the group shops\n# public key: age1\w+\nAGE-SECRET-KEY-1\w+\n$/);
      await write('group.key', stdout);
      const env = { PATH: process.env.PATH, SOPS_AGE_KEY_FILE: join(dir, 'group.key') };
      expect((await run(sops, ['decrypt', join(dir, 'apps/pos/db.yaml')], { env })).stdout).toBe(plain);
    }
    expect(await opened('eu/one')).toBe(plain);
    const other = run(age, ['--decrypt', '--identity', join(dir, 'eu/two.key'), join(dir, 'keys/shops/eu/one.age')]);
    await expect(other).rejects.toThrow('no identity matched');
  });

  test('a key file that age encrypted is read', async () => {
    const group = await generateIdentity();
    await write('plain', groupKeyText('shops', [group]));
    const recipient = sites.get('eu/one')?.recipient ?? '';
    for (const more of [[], ['--recipient', person.recipient]]) {
      const { stdout } = await run(age, ['--armor', '--recipient', recipient, ...more, join(dir, 'plain')]);
      const where = { group: 'shops', path: 'one.age' };
      expect(await openGroupKey(where, Buffer.from(stdout), [sites.get('eu/one') as Identity])).toEqual([group]);
    }
  });

  test('the commands for a site that left give each file the new key, another data key, and nothing of the key before', async () => {
    const [former = ''] = /age1\w+/.exec(await read('keys/shops.txt')) ?? [];
    // Where there are rules, sops takes no file without one.
    const rules = await read('.sops.yaml');
    await rm(join(dir, '.sops.yaml'));
    await write('shared/ca.yaml', 'ca: marten\n');
    await byHand(`sops encrypt --in-place --age ${former},${person.recipient} shared/ca.yaml`);
    await write('.sops.yaml', rules);
    const paths = ['apps/pos/db.yaml', 'shared/ca.yaml'];
    const before = await Promise.all(paths.map(read));
    await rm(join(dir, 'sites/eu/two.yaml'));
    const { toEncrypt } = await recipients();
    expect(toEncrypt.map(({ path, known }) => [path, known])).toEqual([
      ['apps/pos/db.yaml', ['password']],
      ['shared/ca.yaml', ['ca']],
    ]);
    // Sites read both meanwhile.
    expect(await opened('eu/one')).toBe('password: weasel\n');
    for (const { commands } of toEncrypt) for (const command of commands) await byHand(command);
    const [next = ''] = /age1\w+/.exec(await read('keys/shops.txt')) ?? [];
    for (const [index, path] of paths.entries()) {
      const text = await read(path);
      expect(text).not.toContain(former);
      expect(parseSops(Buffer.from(text), path)?.metadata.recipients.toSorted()).toEqual(
        [next, person.recipient].sort(),
      );
      // Other encrypted texts: the data key is another one.
      expect(text.split('\n')[0]).not.toBe(before[index]?.split('\n')[0]);
    }
    expect(await opened('eu/one')).toBe('password: weasel\n');
    expect(await opened('eu/one', 'shared/ca.yaml')).toBe('ca: marten\n');
    expect((await recipients()).toEncrypt).toEqual([]);
  });
});
