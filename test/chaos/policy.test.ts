import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ask, mustAsk } from '../../scripts/machine/engine-http.ts';
import type { AgentProcess } from '../support/program/holdfast-process.ts';
import { holdfast } from '../support/program/holdfast-process.ts';
import {
  allRun,
  app,
  type ChaosSite,
  chaosSite,
  describeChaos,
  fleet,
  IMAGE_2,
  staying,
} from '../support/site/chaos-site.ts';
import { killByHand, removeByHand } from '../support/site/site.ts';

const policy = (more = ''): string => `apiVersion: holdfast/v1\nkind: Policy\nspec:\n  profile: standard\n${more}`;

/** The app with one more wish, which would put a file on the host or give the machine away. */
const hostile = (site: ChaosSite): Record<string, { web?: object; top?: object; rule: string }> => ({
  'the root of the host': { web: { volumes: ['/:/host'] }, rule: 'engineSockets' },
  'a volume that is a bind': {
    web: { volumes: ['root:/host'] },
    top: { volumes: { root: { driver_opts: { type: 'none', o: 'bind', device: site.dir } } } },
    rule: 'hostPaths',
  },
  'a privileged container': { web: { privileged: true }, rule: 'privileged' },
  'a privileged hook': { web: { post_start: [{ command: 'true', privileged: true }] }, rule: 'hooks' },
  "a neighbour's processes": { web: { pid: `container:${site.app('good')}-web-1` }, rule: 'otherContainers' },
  "a neighbour's network": {
    web: { networks: ['n'] },
    top: { networks: { n: { external: true, name: `${site.app('good')}_default` } } },
    rule: 'externalNetworks',
  },
});

describeChaos('a hostile commit at a site with a policy', () => {
  let site: ChaosSite;
  let agent: AgentProcess;
  let file: string;
  const start = () => site.start({ args: ['--policy', file] });
  /** The container of an app. Each test harms another one, so that no backoff of an earlier test makes it wait. */
  const web = (short: string): string => `${site.app(short)}-web-1`;
  const idOf = async (name: string): Promise<string | undefined> =>
    (await site.containers()).find((each) => each.name === name)?.id;
  const runs = async (name: string): Promise<unknown> =>
    site.becomes(`${name} runs`, (found) => found.some((each) => each.name === name && each.state === 'running'));

  beforeAll(async () => {
    site = await chaosSite();
    file = join(site.dir, 'policy.yaml');
    await writeFile(file, policy());
    await site.repo.commit({
      ...fleet(site),
      ...app(site, 'good', staying({ web: {} })),
      ...app(site, 'calm', staying({ web: {} })),
      ...app(site, 'shop', staying({ web: {} })),
    });
    agent = await start();
    await site.becomes('all apps run', allRun(3));
  }, 90_000);
  afterAll(() => site?.close(), 60_000);

  test('gets nothing of the machine, and its app and the others stay as they are', async () => {
    const before = (await site.containers()).map(({ id }) => id);
    for (const [name, { web: more = {}, top = {}, rule }] of Object.entries(hostile(site))) {
      const from = (await site.log()).length;
      await site.repo.commit(app(site, 'shop', staying({ web: { image: IMAGE_2, ...more } }, top)));
      const line = await site.sees(new RegExp(`the site's policy refuses it \\(${rule}\\): `), { from });
      expect([name, line.level]).toEqual([name, 'error']);
      expect((await site.containers()).map(({ id }) => id)).toEqual(before);
    }
  }, 120_000);

  test('keeps nobody from healing, and a new app of its author is not made', async () => {
    await site.repo.commit(app(site, 'new', staying({ web: { volumes: ['/run:/run'] } })));
    await removeByHand(site.host, web('shop'));
    await runs(web('shop'));
    expect((await site.containers()).map(({ name }) => name)).not.toContain(`${site.app('new')}-web-1`);
  }, 90_000);

  test('is shown by diff before it is merged', async () => {
    const { code, stderr } = await holdfast(
      ['diff', '--repo', site.url, '--site', site.name, '--docker-host', site.host, '--policy', file],
      { env: { HOME: site.dir } },
    );
    expect(stderr).toContain('(engineSockets): web: volumes: /run at /run');
    expect(code).toBe(2);
  }, 60_000);

  test('an app that a new policy forbids runs on, is started again, and is not made again', async () => {
    const from = (await site.log()).length;
    await writeFile(file, policy('  allow: {images: ["docker.io/none/*"]}\n'));
    await site.sees(/^Degraded: the site's policy refuses it \(images\)/, { from });
    const id = await idOf(web('good'));
    await killByHand(site.host, web('good'));
    await runs(web('good'));
    expect(await idOf(web('good'))).toBe(id);

    // The same after a restart of the agent.
    await agent.end('SIGTERM');
    await mustAsk(site.host, 'POST', `/containers/${web('good')}/stop?t=0`);
    agent = await start();
    await runs(web('good'));
    expect(await idOf(web('good'))).toBe(id);

    const removed = (await site.log()).length;
    await removeByHand(site.host, web('good'));
    await site.sees(/held back, as the site's policy refuses it \(images\)/, { from: removed });
    expect(await idOf(web('good'))).toBeUndefined();
    expect((await ask(site.host, 'GET', `/containers/${web('good')}/json`)).status).toBe(404);
  }, 120_000);

  test('with onViolation: stop it is stopped, and starts when the policy allows it again', async () => {
    await writeFile(file, policy('  onViolation: stop\n  allow: {images: ["docker.io/none/*"]}\n'));
    await site.becomes('it is stopped', (found) =>
      found.some(({ name, state }) => name === web('shop') && state === 'exited'),
    );
    await writeFile(file, policy());
    await runs(web('good'));
    await runs(web('shop'));
  }, 90_000);

  test('a policy that cannot be read changes nothing, and an agent does not start with it', async () => {
    const from = (await site.log()).length;
    await writeFile(file, policy('  allowed: {}\n'));
    await site.sees(/policy\.yaml:5:3: unknown key `allowed`/, { from });
    await removeByHand(site.host, web('calm'));
    await runs(web('calm'));
    await agent.end('SIGTERM');
    const { code, stderr } = await holdfast(['agent', ...site.args('--policy', file)], { env: { HOME: site.dir } });
    expect(code).toBe(2);
    expect(stderr).toContain('policy.yaml:5:3');
  }, 90_000);
});
