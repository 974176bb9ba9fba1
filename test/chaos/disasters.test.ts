import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, jest, test } from '@jest/globals';
import type { Change } from '../support/git/git-repo.ts';
import { type AgentProcess, holdfast } from '../support/program/holdfast-process.ts';
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
import { execIn, killByHand } from '../support/site/site.ts';

jest.setTimeout(120_000);

/** Disasters that users of other GitOps tools had. Here each ends with what ran still running, and with a sentence that says why. */
describeChaos('the disaster of others', () => {
  let site: ChaosSite;
  let agent: AgentProcess;
  let before: string[];
  let from: number;
  let first: string;
  let restored: string;
  let tests = 0;

  const ledger = { volumes: ['data:/data'] };
  const volumes = { data: { name: '' } };
  const pos = (services: Record<string, object>): Change =>
    app(site, 'pos', staying(services, { volumes: { data: { ...volumes.data, name: `${site.name}_data` } } }));
  const files = (): Record<string, string> => ({
    ...(fleet(site) as Record<string, string>),
    ...(pos({ till: {}, ledger }) as Record<string, string>),
    ...(app(site, 'signs', staying({ screen: {} })) as Record<string, string>),
  });
  const ids = async (): Promise<string[]> =>
    (await site.containers()).map(({ name, id, state }) => `${name} ${id} ${state}`).sort();
  const nothingChanged = async (): Promise<void> => expect(await ids()).toEqual(before);
  /** A commit of all files, in the place of those before. */
  const commit = (change: Change): Promise<string> => site.repo.commit(change);

  beforeAll(async () => {
    site = await chaosSite();
    first = await commit(files());
    restored = first;
    agent = await site.start({ args: ['--git-timeout', '2s'] });
    await site.becomes('all run', allRun(3));
    await execIn(site.host, `${site.app('pos')}-ledger-1`, ['sh', '-c', 'echo kept > /data/mark']);
  });
  beforeEach(async () => {
    await site.isAs(restored);
    await site.becomes('all run', allRun(3));
    before = await ids();
    from = (await site.log()).length;
  });
  afterEach(async () => {
    site.git.intercept = undefined;
    // A commit of its own, so that the log tells when the site is as before.
    restored = await site.repo.commit({ ...files(), [`tests/${++tests}`]: '' }, { from: null });
  });
  afterAll(() => site?.close(), 60_000);

  test('1: an empty repo, or a mistyped path, deletes everything', async () => {
    await site.repo.commit({ 'README.md': 'nothing' }, { from: null });
    await site.sees(/holds nothing to run/, { from });
    await nothingChanged();
    await site.repo.commit(
      {
        'fleet.yaml': files()['fleet.yaml'] ?? '',
        [`sites/${site.name}.yaml`]: files()[`sites/${site.name}.yaml`] ?? '',
      },
      { from: null },
    );
    await site.sees(/names no apps for this site/, { from });
    await nothingChanged();
  });

  test('2: a Git outage, or a page of a gateway, is read as "gone"', async () => {
    site.git.intercept = (_, response) => {
      response.writeHead(404, { 'Content-Type': 'text/html' }).end('<h1>Not Found</h1>');
      return true;
    };
    await site.sees(/cannot read/, { from });
    await nothingChanged();
    await killByHand(site.host, `${site.app('pos')}-till-1`);
    await site.becomes('healed without Git', allRun(3));
    site.git.intercept = undefined;
    await site.sees(/answers again/, { from });
  });

  test('3: a small edit of a selector removes most of production, and nobody saw it before the merge', async () => {
    const dir = join(site.dir, 'clone');
    await site.repo.git(['clone', '-q', site.repo.dir, dir]);
    const document = `apps/${site.app('signs')}/app.yaml`;
    await writeFile(
      join(dir, document),
      'apiVersion: holdfast/v1\nkind: Application\nspec: { placement: { sites: [another] } }\n',
    );
    await writeFile(join(dir, 'sites', 'another.yaml'), 'apiVersion: holdfast/v1\nkind: Site\n');
    const { code, stdout } = await holdfast(['diff', '--fleet', dir], {});
    expect(code).toBe(1);
    expect(stdout).toMatch(
      new RegExp(`1 site: ${site.name}\\n.*signs\\n.*- \\S+-screen-1 +remove +not placed on this site`),
    );
    await rm(dir, { recursive: true });
    await nothingChanged();
  });

  test('4: two apps own one thing, and take it from each other for ever', async () => {
    const taken = { container_name: `${site.app('signs')}-screen-1` };
    const commitId = await commit(app(site, 'rival', staying({ thief: taken })));
    await site.sees(/is also claimed by the app/, { from });
    await nothingChanged();
    const dir = join(site.dir, 'clone4');
    await site.repo.git(['clone', '-q', site.repo.dir, dir]);
    expect(await holdfast(['validate', dir], {})).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/the container name \S+ is also claimed by the app/),
    });
    await rm(dir, { recursive: true });
    expect(commitId).not.toBe(first);
  });

  test('5: moving a service, with its data, from one app to another deletes it', async () => {
    const moved = await commit({
      ...pos({ till: {} }),
      ...app(site, 'books', staying({ ledger }, { volumes: { data: { name: `${site.name}_data` } } })),
    });
    await site.isAs(moved, { from });
    const running = (await site.containers()).map(({ name, state }) => `${name} ${state}`).sort();
    expect(running).toEqual(
      ['books-ledger', 'pos-till', 'signs-screen'].map((name) => `${site.app(name)}-1 running`).sort(),
    );
    expect(await execIn(site.host, `${site.app('books')}-ledger-1`, ['cat', '/data/mark'])).toMatch(/^kept\s*$/);
  });

  test('6: a failed sync of a bad commit blocks its fix, and one bad document blocks all', async () => {
    const bad = await commit({
      ...pos({ till: { image: 'registry.invalid/none:1' }, ledger }),
      ...app(site, 'signs', 'services: { screen: { imagee: x } }'),
    });
    await site.sees(/imagee/, { from });
    await site.sees(/pull registry\.invalid\/none:1 failed/, { from });
    expect((await site.containers()).every(({ state }) => state === 'running')).toBe(true);
    const fixed = await commit({
      ...pos({ till: { image: IMAGE_2 }, ledger }),
      ...app(site, 'signs', staying({ screen: {} })),
    });
    expect(fixed).not.toBe(bad);
    await site.isAs(fixed, { from });
  });

  test('7: an app that was stopped on purpose is started again', async () => {
    const suspended = `apiVersion: holdfast/v1\nkind: Application\nspec: { suspend: true, placement: { sites: [${site.name}] } }\n`;
    const paused = await commit({ [`apps/${site.app('signs')}/app.yaml`]: suspended });
    await site.sees(new RegExp(`accepted ${paused.slice(0, 12)}`), { from });
    await killByHand(site.host, `${site.app('signs')}-screen-1`);
    await killByHand(site.host, `${site.app('pos')}-till-1`);
    await site.becomes(
      'the other one is healed',
      (found) => found.filter(({ state }) => state === 'running').length === 2,
    );
    expect((await site.containers()).find(({ name }) => name.includes('signs'))?.state).toBe('exited');
  });

  test('7: a failed update deletes the containers that ran', async () => {
    const bad = await commit(pos({ till: { entrypoint: ['/no/such/program'] }, ledger }));
    await site.sees(new RegExp(`accepted ${bad.slice(0, 12)}`), { from });
    await site.sees(/^start \S+-till\S* failed/, { from });
    // The one from before is started again, and the other service was not touched.
    const again = await site.becomes('the old one runs again', allRun(3));
    expect(again.map(({ name, id }) => `${name} ${id}`).sort()).toEqual(
      before.map((each) => each.replace(/ \w+$/, '')),
    );
  });

  test('7: a failed clone destroys what runs', async () => {
    expect(await agent.end('SIGTERM')).toMatchObject({ code: 0 });
    await rm(join(site.stateDir, 'git'), { recursive: true, force: true });
    site.git.intercept = (_, response) => {
      response.writeHead(500).end();
      return true;
    };
    agent = await site.start({ args: ['--git-timeout', '2s'] });
    await site.sees(/cannot read/, { from });
    await killByHand(site.host, `${site.app('pos')}-till-1`);
    // It enforces all the same what it accepted before.
    await site.becomes('healed', allRun(3));
    site.git.intercept = undefined;
    await site.sees(/answers again/, { from });
  });

  test('8: a corrupt clone, or a force-push, blocks every later commit', async () => {
    await rm(join(site.stateDir, 'git'), { recursive: true, force: true });
    const forced = await site.repo.commit({ ...files(), 'README.md': 'forced' }, { from: null });
    await site.sees(new RegExp(`accepted ${forced.slice(0, 12)}`), { from });
    await nothingChanged();
    expect(agent.hasExited()).toBe(false);
  });

  test('11: one commit redeploys every stack, and false drift loops', async () => {
    const other = await commit(app(site, 'signs', staying({ screen: { image: IMAGE_2 } })));
    await site.isAs(other, { from });
    const isOfPos = (each: string): boolean => each.includes(site.app('pos'));
    expect((await ids()).filter(isOfPos)).toEqual(before.filter(isOfPos));
    const settled = (await site.log()).length;
    await commit({ 'README.md': 'only words' });
    await site.sees(/^all as/, { from: settled });
    const done = (await site.log()).slice(settled).map(({ message }) => message);
    expect(done.filter((message) => /^(create|stop|remove|start|update) /.test(message))).toEqual([]);
  });
});
