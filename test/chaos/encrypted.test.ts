import { writeFile } from 'node:fs/promises';
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
import { execIn } from '../support/site/site.ts';

const PLAIN = {
  first: 'weasel-17320508-first',
  next: 'marten-22360679-next',
  own: 'badger-14142135-own',
  env: 'heron-16180339-env',
};

describeChaos('secrets that SOPS encrypted', () => {
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

  const sealed = (name: string, plain: string, key: Identity): Promise<string> =>
    sealedFile(name, plain, { recipients: [key.recipient] });
  const path = (short: string, name: string): string => `apps/${site.app(short)}/${name}`;
  const compose = (short: string) =>
    app(
      site,
      short,
      staying(
        {
          web: { secrets: ['db'] },
          leaking: { command: ['sh', '-c', 'cat /run/secrets/*; exit 3'], secrets: ['db'] },
        },
        { secrets: { db: { file: './db.yaml' } } },
      ),
    );
  const webOf = async (short: string) =>
    (await site.containers()).find((one) => one.app === site.app(short) && one.service === 'web');
  const runs = async (short: string): Promise<string> => {
    await site.becomes(`web of ${short} runs`, (found) =>
      found.some((one) => one.app === site.app(short) && one.service === 'web' && one.state === 'running'),
    );
    return (await webOf(short))?.id ?? '';
  };
  const secretIn = async (id: string): Promise<string> =>
    (await execIn(site.host, id, ['cat', '/run/secrets/db'])).trim();

  test('reach the containers, follow Git, and are nowhere else in plain text', async () => {
    await site.repo.commit({
      ...fleet(site),
      ...compose('a'),
      ...compose('b'),
      ...app(site, 'c', staying({ web: { env_file: 'web.env' } })),
      [path('c', 'web.env')]: await sealed('web.env', `PASSWORD=${PLAIN.env}\n`, siteKey),
      [path('a', 'db.yaml')]: await sealed('db.yaml', `password: ${PLAIN.first}\n`, siteKey),
      [path('b', 'db.yaml')]: await sealed('db.yaml', `password: ${PLAIN.own}\n`, ownKey),
    });
    const agent = await site.start({ args: [...args, '--log-level', 'debug'] });
    const id = await runs('a');
    expect(await secretIn(id)).toBe(`password: ${PLAIN.first}`);
    expect(await secretIn(await runs('b'))).toBe(`password: ${PLAIN.own}`);
    expect((await execIn(site.host, await runs('c'), ['sh', '-c', 'echo $PASSWORD'])).trim()).toBe(PLAIN.env);
    await site.sees(/^leaking restarts again and again/);

    // Another encryption of the same value replaces nothing.
    const rotated = await site.repo.commit({
      [path('a', 'db.yaml')]: await sealed('db.yaml', `password: ${PLAIN.first}\n`, siteKey),
    });
    await site.sees(new RegExp(`^accepted ${rotated.slice(0, 7)}`));
    expect(await runs('a')).toBe(id);
    const diff = await holdfast(
      [
        'diff',
        '--repo',
        site.repo.url,
        '--site',
        site.name,
        '--files-dir',
        site.filesDir,
        '--secrets-dir',
        folder.path,
      ],
      {
        env: { DOCKER_HOST: site.host },
      },
    );
    expectNone(PLAIN, 'diff', diff.stdout + diff.stderr);
    expect(diff.stderr).toContain('PASSWORD is encrypted: fields that use it are not compared');
    expect(diff.stdout).not.toContain(site.app('c'));
    expect(diff.stdout).toContain('files: changed, content unknown');

    await site.repo.commit({ [path('a', 'db.yaml')]: await sealed('db.yaml', `password: ${PLAIN.next}\n`, siteKey) });
    await site.becomes('replaced', (found) => !found.some((one) => one.id === id));
    expect(await secretIn(await runs('a'))).toBe(`password: ${PLAIN.next}`);

    // An app that takes the file of another one gets nothing of it.
    const stolen = await sealed('db.yaml', `password: ${PLAIN.own}\n`, ownKey);
    await site.repo.commit({ [path('a', 'db.yaml')]: stolen });
    await site.sees(/db\.yaml is not encrypted for the key here/);
    expect(await secretIn(await runs('a'))).toBe(`password: ${PLAIN.next}`);
    await agent.end('SIGTERM');
    await expectNowhere(site, PLAIN);
  }, 180_000);

  test('replace nothing when the key of their digests is lost', async () => {
    const [a, b] = [await runs('a'), await runs('b')];
    await writeFile(join(site.stateDir, 'digest-key'), 'damaged');
    const from = (await site.log()).length;
    const agent = await site.start({ args });
    await site.sees(/digest-key is damaged/, { from });
    await site.sees(/^enforcing /, { from });
    await site.repo.commit({ 'README.md': 'nothing' });
    await site.sees(/^accepted /, { from });
    expect([await runs('a'), await runs('b')]).toEqual([a, b]);
    await agent.end('SIGTERM');
    await expectNowhere(site, PLAIN);
  }, 120_000);
});
