import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { ask } from '../../scripts/machine/engine-http.ts';
import { until } from '../../scripts/machine/processes.ts';
import { createTrustStore, type TrustState } from '../../src/agent/state/trust-store.ts';
import { systemDisk } from '../../src/lib/disk.ts';
import { shortRevision } from '../../src/lib/text/revision.ts';
import type { Change } from '../support/git/git-repo.ts';
import { signedCommit } from '../support/git/signed-repo.ts';
import { type KeyPair, sshKeyPair } from '../support/git/signing.ts';
import { holdfast } from '../support/program/holdfast-process.ts';
import {
  allRun,
  app,
  type ChaosSite,
  chaosSite,
  describeChaos,
  fleet,
  HOST,
  PATIENCE_MS,
  staying,
} from '../support/site/chaos-site.ts';

jest.setTimeout(90_000);

describeChaos('a site whose Git server falls into wrong hands', () => {
  let site: ChaosSite;
  let ada: KeyPair;
  let eve: KeyPair;

  beforeAll(async () => {
    site = await chaosSite();
    ada = await sshKeyPair(site.dir, 'ada');
    eve = await sshKeyPair(site.dir, 'eve');
    const document = {
      apiVersion: 'holdfast/v1',
      kind: 'Trust',
      spec: { signers: [{ name: 'ada', ssh: [ada.line] }] },
    };
    await writeFile(join(site.dir, 'trust.yaml'), JSON.stringify(document));
  });
  afterAll(() => site.close());

  test('refuses what a stranger made, goes on healing, and follows its author again', async () => {
    const { repo } = site;
    const first = await signedCommit(repo, { ...fleet(site), ...app(site, 'a', staying({ web: {} })) }, { by: ada });
    await site.start({ args: ['--trust', join(site.dir, 'trust.yaml')] });
    const [web] = await site.becomes('the first commit runs', allRun(1));

    const evil = await signedCommit(repo, app(site, 'a', staying({ web: {}, miner: {} })), { by: eve });
    const line = await site.sees(/is refused/);
    expect(line).toMatchObject({ level: 'error', code: 'TRUST', kind: 'unknownKey', revision: evil });
    await ask(HOST, 'DELETE', `/containers/${web?.id}?force=1`);
    await site.becomes(
      'the removed one is back, and nothing else',
      (found) => allRun(1)(found) && found[0]?.id !== web?.id,
    );

    const next = await signedCommit(repo, app(site, 'a', staying({ web: {}, shop: {} })), { by: ada, from: first });
    await site.becomes('the next signed commit runs', allRun(2));
    const said = await site.log();
    expect(said.filter(({ message }) => /is refused/.test(message))).toHaveLength(1);
    expect(said.filter(({ message }) => message === `accepted ${shortRevision(next)}`)).toHaveLength(1);
  });

  test('does not start with a trust.yaml that cannot be used, and says where it is wrong', async () => {
    const file = join(site.dir, 'wrong.yaml');
    await writeFile(file, 'apiVersion: holdfast/v1\nkind: Trust\nspec:\n  mod: warn\n  signers: []\n');
    const { code, stderr } = await holdfast(['agent', ...site.args('--trust', file)]);
    expect(stderr).toContain(`${file}:4:3: unknown key \`mod\` in spec (did you mean \`mode\`?)`);
    expect(stderr).toContain(`${file}:5:12: spec.signers must not be empty`);
    expect(code).toBe(2);
  });
});

describeChaos('a signer of some apps who writes at the site of another', () => {
  let site: ChaosSite;
  let ada: KeyPair;
  let bob: KeyPair;
  let eve: KeyPair;
  let trust: string;
  let values: string;

  /** Where bob would have the files of an app of his lie, and which of the site's own he would replace. */
  const attempts = (): Record<string, { projectDirectory?: string; file: string; target: string }> => {
    const web = join(site.filesDir, site.app('web'));
    const state = join(site.stateDir, 'trust.json');
    return {
      state: { projectDirectory: site.stateDir, file: './trust.json', target: state },
      around: { projectDirectory: site.dir, file: './state/trust.json', target: state },
      link: { projectDirectory: join(site.dir, 'link'), file: './trust.json', target: state },
      dots: { projectDirectory: `${site.filesDir}/../state`, file: './trust.json', target: state },
      values: { projectDirectory: join(site.dir, 'own'), file: './values.yaml', target: values },
      trust: { projectDirectory: join(site.dir, 'own'), file: './trust.yaml', target: trust },
      other: { projectDirectory: web, file: './greeting', target: join(web, 'greeting') },
      all: { projectDirectory: site.filesDir, file: `./${site.app('web')}/greeting`, target: join(web, 'greeting') },
      out: { file: '../../state/trust.json', target: state },
      above: { projectDirectory: `../${site.app('web')}`, file: './greeting', target: join(web, 'greeting') },
    };
  };
  const document = (signers: object[], version?: number): string =>
    JSON.stringify({
      apiVersion: 'holdfast/v1',
      kind: 'Trust',
      spec: { verify: 'every', ...(version && { version }), signers },
    });
  const web = (): Change => ({
    ...app(site, 'web', staying({ web: { volumes: ['./greeting:/greeting'] } })),
    [`apps/${site.app('web')}/greeting`]: 'hello',
  });
  const texts = (): Promise<string[]> =>
    Promise.all(Object.values(attempts()).map(({ target }) => readFile(target, 'utf8')));

  beforeAll(async () => {
    site = await chaosSite();
    [ada, bob, eve] = await Promise.all([
      sshKeyPair(site.dir, 'ada'),
      sshKeyPair(site.dir, 'bob'),
      sshKeyPair(site.dir, 'eve'),
    ]);
    [trust, values] = [join(site.dir, 'own/trust.yaml'), join(site.dir, 'own/values.yaml')];
    await mkdir(join(site.dir, 'own'));
    await symlink(site.stateDir, join(site.dir, 'link'));
    const paths = Object.keys(attempts()).map((name) => `apps/${site.app(name)}`);
    const signers = [
      { name: 'ada', ssh: [ada.line] },
      { name: 'bob', ssh: [bob.line], paths },
    ];
    await writeFile(trust, document(signers));
    await writeFile(values, 'TOKEN: the-site-itself\n');
    await signedCommit(site.repo, { ...fleet(site), ...web() }, { by: ada });
  });
  afterAll(() => site?.close());

  test('changes nothing of the site, its trust or another app, before and after a restart, and where a root around it is allowed', async () => {
    const given = ['--trust', trust, '--values', values];
    const first = await site.start({ args: given });
    await site.becomes('the app of others runs', allRun(1));
    // He wants his friend's key in force, and writes it in the form that an agent takes for its own.
    const forged = join(site.dir, 'forged.json');
    const state: TrustState = {
      positions: {},
      trust: { version: 99, text: document([{ name: 'eve', ssh: [eve.line] }], 99), commit: '1'.repeat(40) },
    };
    await createTrustStore(systemDisk, forged).save(state);
    const content = await readFile(forged, 'utf8');

    const evil: Change = {};
    for (const [name, { projectDirectory, file }] of Object.entries(attempts())) {
      const compose = staying({ web: { configs: ['x'] } }, { configs: { x: { file } } });
      Object.assign(evil, app(site, name, compose));
      const spec = { placement: { sites: [site.name] }, ...(projectDirectory && { projectDirectory }) };
      evil[`apps/${site.app(name)}/app.yaml`] = JSON.stringify({
        apiVersion: 'holdfast/v1',
        kind: 'Application',
        spec,
      });
      if (!file.startsWith('../')) evil[`apps/${site.app(name)}/${file.slice(2)}`] = content;
    }
    const accepted = await signedCommit(site.repo, evil, { by: bob });
    await site.sees(new RegExp(`^accepted ${shortRevision(accepted)}`));

    const holds = async (before: string[], from: number): Promise<void> => {
      for (const name of Object.keys(attempts())) await tells(name, from);
      expect(await texts()).toEqual(before);
      await site.becomes('nothing of his runs', allRun(1));
    };
    const tells = async (name: string, from: number): Promise<void> => {
      const isSaid = async (): Promise<boolean> =>
        (await site.log()).slice(from).some(({ level, app: about }) => level === 'error' && about === site.app(name));
      expect([name, await until(isSaid, PATIENCE_MS)]).toEqual([name, true]);
    };
    await holds(await texts(), 0);
    await first.end('SIGTERM');

    const [before, from] = [await texts(), (await site.log()).length];
    const second = await site.start({ args: [...given, '--project-root', site.dir] });
    await holds(before, from);
    const [running] = await site.containers();
    await ask(HOST, 'DELETE', `/containers/${running?.id}?force=1`);
    await site.becomes('the removed container is back', (found) => allRun(1)(found) && found[0]?.id !== running?.id);
    await signedCommit(site.repo, app(site, 'web', staying({ web: {}, miner: {} })), { by: eve });
    await site.sees(/is refused.*trust.yaml does not name/, { from });
    await second.end('SIGTERM');

    // It would have counted there.
    await writeFile(join(site.stateDir, 'trust.json'), content);
    await site.start({ args: given });
    await site.becomes('the agent believes those who write there', (found) =>
      found.some(({ service }) => service === 'miner'),
    );
  });
});
