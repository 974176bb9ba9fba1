import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { generateIdentity, type Identity, keyFileText } from '../../src/secrets/crypt/identity.ts';
import { holdfast } from '../support/program/holdfast-process.ts';
import { memoryFolder } from '../support/secrets/memory-folder.ts';
import { expectNone, expectNowhere } from '../support/secrets/plain-nowhere.ts';
import { sealedFile } from '../support/secrets/sealed-file.ts';
import {
  app,
  type ChaosSite,
  chaosSite,
  describeChaos,
  fleet,
  secretFile,
  staying,
} from '../support/site/chaos-site.ts';
import { execIn, removeByHand } from '../support/site/site.ts';

const PLAIN = {
  first: 'weasel-17320508-first',
  next: 'marten-22360679-next',
  gone: 'badger-14142135-gone',
  fleet: 'heron-16180339-fleet',
};

describeChaos('values that SOPS encrypted', () => {
  let site: ChaosSite;
  let folder: Awaited<ReturnType<typeof memoryFolder>>;
  let siteKey: Identity;
  let ownKey: Identity;
  let args: string[];

  beforeAll(async () => {
    site = await chaosSite();
    folder = await memoryFolder();
    [siteKey, ownKey] = [await generateIdentity(), await generateIdentity()];
    const file = await secretFile(join(site.dir, 'site.key'), keyFileText(siteKey));
    const own = await secretFile(join(site.dir, 'own.key'), keyFileText(ownKey));
    args = ['--age-key-file', file, '--age-key-file', `${site.app('b')}=${own}`, '--secrets-dir', folder.path];
  }, 60_000);
  afterAll(async () => {
    await site?.close();
    await folder?.clear();
  }, 60_000);

  const sealed = (plain: string, keys = [siteKey]): Promise<string> =>
    sealedFile('secrets.yaml', plain, { recipients: keys.map(({ recipient }) => recipient) });
  const path = (short: string): string => `apps/${site.app(short)}/secrets.yaml`;
  const webWith = (short: string, service: object) => {
    const change = app(site, short, staying({ web: service }));
    const document = `apps/${site.app(short)}/app.yaml`;
    return { ...change, [document]: `${change[document]}  valuesFrom: secrets.yaml\n` };
  };
  const web = (short: string) =>
    webWith(short, { environment: { URL: 'db://x:${PASSWORD}@db', OTHER: '${OTHER}', ALL: '${ALL}' } });
  const idOf = async (short: string): Promise<string> => {
    const found = await site.becomes(`web of ${short} runs`, (all) =>
      all.some((one) => one.app === site.app(short) && one.state === 'running'),
    );
    return found.find((one) => one.app === site.app(short))?.id ?? '';
  };
  const urlIn = async (short: string): Promise<string> =>
    (await execIn(site.host, await idOf(short), ['sh', '-c', 'echo $URL $ALL'])).trim();
  const values = (password: string) => `PASSWORD: ${password}\nOTHER: ${PLAIN.gone}\n`;
  const cli = (...command: string[]) =>
    holdfast([...command, '--repo', site.repo.url, '--site', site.name], { env: { DOCKER_HOST: site.host } });

  test('are in the environment of the containers and nowhere else, whatever happens to them', async () => {
    const documents = fleet(site);
    await site.repo.commit({
      ...documents,
      'fleet.yaml': `${documents['fleet.yaml']}  valuesFrom: all.env\n`,
      ...web('a'),
      ...web('b'),
      'all.env': await sealedFile('all.env', `ALL=${PLAIN.fleet}\n`, {
        recipients: [siteKey.recipient, ownKey.recipient],
      }),
      [path('a')]: await sealed(values(PLAIN.first)),
      [path('b')]: await sealed(values(PLAIN.first), [ownKey]),
    });
    const agent = await site.start({ args: [...args, '--log-level', 'debug'] });
    expect([await urlIn('a'), await urlIn('b')]).toEqual([
      `db://x:${PLAIN.first}@db ${PLAIN.fleet}`,
      `db://x:${PLAIN.first}@db ${PLAIN.fleet}`,
    ]);
    const id = await idOf('a');

    // Another encryption of the same values replaces nothing.
    const rotated = await site.repo.commit({ [path('a')]: await sealed(values(PLAIN.first)) });
    await site.isAs(rotated);
    expect(await idOf('a')).toBe(id);

    // A person who compares sees neither the values of before nor those of now, also of a variable that Git no longer has.
    await agent.end('SIGTERM');
    await site.repo.commit({
      ...webWith('a', { environment: { URL: 'db://x:${PASSWORD}@db', ALL: 'plain' } }),
      [path('a')]: await sealed(`PASSWORD: ${PLAIN.next}\n`),
    });
    const folders = ['--files-dir', site.filesDir, '--secrets-dir', folder.path];
    for (const how of [[], ['-o', 'json'], ['--steps']]) {
      const { stdout, stderr } = await cli('diff', ...folders, ...how);
      expect(stdout).toMatch(/OTHER/);
      expectNone(PLAIN, `diff ${how.join(' ')}`, stdout + stderr);
    }
    const observed = await cli('observe');
    expect(observed.stdout).toMatch(/"environment\.OTHER"/);
    expectNone(PLAIN, 'observe', observed.stdout + observed.stderr);
    const again = await site.start({ args });
    await site.becomes('replaced', (found) => !found.some((one) => one.id === id));
    expect(await urlIn('a')).toBe(`db://x:${PLAIN.next}@db plain`);
    await again.end('SIGTERM');
    await expectNowhere(site, PLAIN);
  }, 180_000);

  test('in the wrong place break the app, with the place and the name; a copy of the file of another app is not opened', async () => {
    const from = (await site.log()).length;
    const agent = await site.start({ args });
    const [a, b] = [await idOf('a'), await idOf('b')];
    await site.repo.commit(webWith('a', { hostname: '${PASSWORD}' }));
    const refused = await site.sees(/compose\.yaml:\d+:\d+: PASSWORD is encrypted in Git/, { from });
    expect(refused.message).toContain('would be in services.web.hostname');
    await site.repo.commit({ ...web('a'), [path('a')]: await sealed(values(PLAIN.first), [ownKey]) });
    await site.sees(/secrets\.yaml is not encrypted for the key here/, { from });
    expect([await idOf('a'), await idOf('b')]).toEqual([a, b]);
    await agent.end('SIGTERM');
    await expectNowhere(site, PLAIN);
  }, 120_000);

  test('are decrypted from the accepted state, without a network', async () => {
    const id = await idOf('b');
    await site.git.close();
    await removeByHand(site.host, id);
    const agent = await site.start({ args });
    await site.becomes('made again', (found) =>
      found.some((one) => one.app === site.app('b') && one.state === 'running'),
    );
    expect(await idOf('b')).not.toBe(id);
    expect(await urlIn('b')).toBe(`db://x:${PLAIN.first}@db ${PLAIN.fleet}`);
    await agent.end('SIGTERM');
    await expectNowhere(site, PLAIN);
  }, 120_000);
});
