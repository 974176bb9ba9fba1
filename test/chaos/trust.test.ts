import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { ask } from '../../scripts/machine/engine-http.ts';
import { allRun, app, type ChaosSite, chaosSite, describeChaos, fleet, HOST, staying } from '../support/chaos-site.ts';
import { holdfast } from '../support/holdfast-process.ts';
import { signedCommit } from '../support/signed-repo.ts';
import { type KeyPair, sshKeyPair } from '../support/signing.ts';

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
    expect(said.filter(({ message }) => message === `accepted ${next.slice(0, 10)}`)).toHaveLength(1);
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
