import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { generateIdentity, type Identity, keyFileText } from '../../../src/secrets/crypt/identity.ts';
import { ENGINES } from '../../support/engine/engine-under-test.ts';
import { holdfast } from '../../support/program/holdfast-process.ts';
import { memoryFolder } from '../../support/secrets/memory-folder.ts';
import { sealedFile } from '../../support/secrets/sealed-file.ts';
import { allRun, app, type ChaosSite, chaosSite, fleet, secretFile, staying } from '../../support/site/chaos-site.ts';
import { execIn, type Running } from '../../support/site/site.ts';

// Secrets in Git and a policy, on each engine. Each test goes on from the one before.
jest.setTimeout(120_000);

describe.each(Object.entries(ENGINES))('on %s, with secrets in Git and a policy', (_, host = '') => {
  const onEngine = host ? test : test.skip;
  let site: ChaosSite;
  let folder: Awaited<ReturnType<typeof memoryFolder>>;
  let key: Identity;
  let args: string[];
  const sealed = (name: string, text: string): Promise<string> =>
    sealedFile(name, text, { recipients: [key.recipient] });
  const commitWith = async (password: string, more: Record<string, object> = {}): Promise<string> => {
    const environment = { URL: 'db://x:${PASSWORD}@db' };
    const web = { read_only: true, secrets: ['db'], configs: ['site'], env_file: './web.env', environment };
    const change = app(
      site,
      'a',
      staying({ web, ...more }, { secrets: { db: { file: './db.yaml' } }, configs: { site: { file: './site.json' } } }),
    );
    const document = `apps/${site.app('a')}/app.yaml`;
    return site.repo.commit({
      ...fleet(site),
      ...change,
      [document]: `${change[document]}  valuesFrom: values.json\n`,
      [`apps/${site.app('a')}/values.json`]: await sealed('values.json', JSON.stringify({ PASSWORD: password })),
      [`apps/${site.app('a')}/db.yaml`]: await sealed('db.yaml', `password: ${password}\n`),
      [`apps/${site.app('a')}/site.json`]: await sealed('site.json', '{"colour": "heron"}'),
      [`apps/${site.app('a')}/web.env`]: await sealed('web.env', 'TOKEN=heron-2\n'),
    });
  };
  const web = (found: readonly Running[]): string => found.find(({ service }) => service === 'web')?.id ?? '';
  const seenBy = async (id: string): Promise<string[]> =>
    [
      await execIn(host, id, ['cat', '/run/secrets/db']),
      await execIn(host, id, ['cat', '/site']),
      await execIn(host, id, ['sh', '-c', 'echo $TOKEN $URL']),
    ].map((text) => text.trim());

  beforeAll(async () => {
    if (!host) return;
    [site, folder, key] = await Promise.all([chaosSite({ host }), memoryFolder(), generateIdentity()]);
    const keyFile = await secretFile(join(site.dir, 'age.key'), keyFileText(key));
    const policy = join(site.dir, 'policy.yaml');
    await writeFile(policy, 'apiVersion: holdfast/v1\nkind: Policy\nspec:\n  profile: standard\n');
    args = ['--age-key-file', keyFile, '--secrets-dir', folder.path, '--policy', policy];
  });

  afterAll(async () => {
    await site?.close();
    await folder?.clear();
  });

  onEngine('the container sees what was encrypted, and the plan for it is empty', async () => {
    const commit = await commitWith('otter-1');
    await site.start({ args });
    await site.isAs(commit);
    expect(await seenBy(web(await site.containers()))).toEqual([
      'password: otter-1',
      expect.stringContaining('heron'),
      'heron-2 db://x:otter-1@db',
    ]);
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
      { env: { DOCKER_HOST: host } },
    );
    expect(diff).toMatchObject({ code: 0, stdout: expect.stringContaining('nothing to do') });
    // The command has no key.
    expect(diff.stderr).toBe('PASSWORD, TOKEN are encrypted: fields that use them are not compared\n');
  });

  onEngine('the same value encrypted once more changes nothing, and another one makes another container', async () => {
    const before = web(await site.containers());
    await site.isAs(await commitWith('otter-1'));
    expect(web(await site.containers())).toBe(before);
    await site.isAs(await commitWith('otter-2'));
    const after = web(await site.containers());
    expect(after).not.toBe(before);
    expect(await seenBy(after)).toEqual(['password: otter-2', expect.anything(), 'heron-2 db://x:otter-2@db']);
  });

  onEngine('its status names the policy', async () => {
    const status = await holdfast(['status', '--state-dir', site.stateDir]);
    expect(status.stdout).toMatch(/^policy: standard \([0-9a-f]{12}\)$/m);
  });

  onEngine('a service that the policy forbids refuses the change, and what ran still runs', async () => {
    const before = web(await site.containers());
    await commitWith('otter-3', { spy: { volumes: ['/etc:/host-etc'] } });
    await site.sees(/polic/);
    expect(await site.becomes('web alone runs', allRun(1))).toMatchObject([{ id: before }]);
    const said = JSON.stringify(await site.log());
    expect(said).not.toMatch(/otter|heron/);
  });
});
