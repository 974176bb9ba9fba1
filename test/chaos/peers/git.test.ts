import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { shortRevision } from '../../../src/lib/text/revision.ts';
import type { Intercept } from '../../support/git/git-server.ts';
import type { AgentProcess } from '../../support/program/holdfast-process.ts';
import {
  allRun,
  app,
  type ChaosSite,
  chaosSite,
  describeChaos,
  fleet,
  staying,
} from '../../support/site/chaos-site.ts';
import { killByHand } from '../../support/site/site.ts';

const CREDENTIALS = { username: 'edge', password: 'open-sesame-4711' };

describeChaos('a config repo that fails', () => {
  let site: ChaosSite;
  let agent: AgentProcess;
  let ids: string[];
  let from: number;

  /** One for each time that something is broken by hand: breaking the same one again and again would be answered more and more slowly. */
  const spares = ['w1', 'w2', 'w3', 'w4', 'w5', 'w6', 'w7', 'w8'];
  const ALL = 2 + spares.length;
  let broken = 0;

  const environment = { HOLDFAST_GIT_USERNAME: CREDENTIALS.username, HOLDFAST_GIT_PASSWORD: CREDENTIALS.password };
  const twoApps = (): Record<string, string> => ({
    ...(app(site, 'a', staying({ web: {}, db: {} })) as Record<string, string>),
    ...(app(site, 'b', staying(Object.fromEntries(spares.map((name) => [name, {}])))) as Record<string, string>),
  });

  beforeAll(async () => {
    site = await chaosSite({ credentials: CREDENTIALS });
    await site.repo.commit({ ...fleet(site), ...twoApps() });
    agent = await site.start({ args: ['--git-timeout', '2s'], env: environment });
    await site.becomes('all containers run', allRun(ALL));
    ids = (await site.containers()).map(({ id }) => id);
  }, 60_000);
  beforeEach(async () => {
    from = (await site.log()).length;
  });
  afterEach(() => {
    site.git.intercept = undefined;
    site.git.options.credentials = CREDENTIALS;
  });
  afterAll(() => site?.close(), 60_000);

  /** Nothing that ran was touched, and what is broken by hand is still mended. */
  const isStillEnforced = async (): Promise<void> => {
    expect((await site.containers()).map(({ id }) => id)).toEqual(ids);
    await killByHand(site.host, `${site.app('b')}-${spares[broken++]}-1`);
    await site.becomes('healed', allRun(ALL), 15_000);
  };
  const comesBack = async (): Promise<void> => {
    site.git.intercept = undefined;
    site.git.options.credentials = CREDENTIALS;
    await site.sees(/answers again/, { from, ms: 20_000 });
  };

  const answer =
    (status: number, type: string, text: string): Intercept =>
    (_, response) => {
      response.writeHead(status, { 'Content-Type': type }).end(text);
      return true;
    };

  test.each<[string, Intercept, RegExp, string]>([
    ['a fault of the server', answer(500, 'text/plain', 'oops'), /HTTP 500/, 'server'],
    [
      "a hotel's sign-in page",
      answer(200, 'text/html', '<html>Welcome to the hotel</html>'),
      /web page|HTML/i,
      'portal',
    ],
    ['a 404 from a gateway', answer(404, 'text/plain', 'nothing here'), /HTTP 404/, 'notFound'],
    ['an answer that never comes', () => true, /sent nothing for 2 s/, 'unreachable'],
  ])(
    '%s: said once, nothing pruned, healing goes on, and followed again after it',
    async (_, intercept, words, kind) => {
      site.git.intercept = intercept;
      const line = await site.sees(words, { from });
      expect(line.message).toMatch(/cannot read .*the site enforces its accepted state/);
      expect(line).toMatchObject({ level: 'warn', code: 'SOURCE', kind });
      await isStillEnforced();
      expect((await site.log()).slice(from).filter((line) => words.test(line.message))).toHaveLength(1);
      await comesBack();
    },
  );

  test('a password that is refused is said without it, and taken up when it is right again', async () => {
    site.git.options.credentials = { username: 'edge', password: 'changed' };
    await site.sees(/did not accept the credentials/, { from });
    await isStillEnforced();
    await comesBack();
    expect(JSON.stringify(await site.log())).not.toContain(CREDENTIALS.password);
  });

  test('a repo that is emptied, and one whose documents are broken, prune nothing', async () => {
    const before = await site.repo.git(['rev-parse', 'main']);
    const emptyTree = await site.repo.git(['mktree'], '');
    const empty = await site.repo.git(['commit-tree', emptyTree, '-p', before, '-m', 'Empty']);
    await site.repo.git(['update-ref', 'refs/heads/main', empty]);
    await site.sees(/refused/, { from });
    await isStillEnforced();

    const noApps = Object.fromEntries(Object.keys(twoApps()).map((path) => [path, null]));
    await site.repo.git(['update-ref', 'refs/heads/main', before]);
    const without = await site.repo.commit(noApps);
    await site.sees(new RegExp(`^${shortRevision(without)} is refused: it names no apps`), { from });
    await isStillEnforced();
    // Back to what it was: the history that Git shows is followed wherever it goes.
    await site.repo.git(['update-ref', 'refs/heads/main', before]);
    await site.sees(new RegExp(`^accepted ${shortRevision(before)}`), { from });
    await isStillEnforced();
  });

  test('one app that is broken stays, another one changes in the same commit, and the fix is applied at once', async () => {
    await site.repo.commit({
      ...app(site, 'a', 'services: { web: { image: x, immage: y } }'),
      ...app(
        site,
        'b',
        staying({ ...Object.fromEntries(spares.map((name) => [name, {}])), w1: { environment: { ROUND: '2' } } }),
      ),
    });
    const { message } = await site.sees(/immage/, { from });
    expect(message).toMatch(/compose.yaml:1:\d+.*stays as it was/);
    expect((await site.log()).slice(from).filter((line) => /immage/.test(line.message))).toHaveLength(1);
    const isNew = (id: string): boolean => !ids.includes(id);
    await site.becomes('b is new', (found) => allRun(ALL)(found) && found.some(({ id }) => isNew(id)));
    const kept = (await site.containers()).filter(({ app: name }) => name === site.app('a')).map(({ id }) => id);
    expect(kept.every((id) => ids.includes(id))).toBe(true);

    await site.repo.commit(app(site, 'a', staying({ web: { environment: { FIXED: '1' } }, db: {} })));
    await site.becomes(
      'a is mended',
      (found) => allRun(ALL)(found) && found.filter(({ id }) => isNew(id)).length === 2,
    );
  });

  test('a history that was rewritten is followed', async () => {
    ids = (await site.containers()).map(({ id }) => id);
    const rewritten = await site.repo.commit({ ...fleet(site), ...twoApps() }, { from: null, message: 'Start over' });
    await site.sees(new RegExp(`^accepted ${shortRevision(rewritten)}`), { from });
    await site.becomes(
      'as the new history says',
      (found) =>
        allRun(ALL)(found) &&
        ['w1', 'web'].every((name) => found.some(({ id, service }) => service === name && !ids.includes(id))),
    );
  });

  test('a server that is gone at boot: what was accepted is enforced within seconds, by an agent that ends at once', async () => {
    await agent.end('SIGTERM');
    await killByHand(site.host, `${site.app('a')}-web-1`);
    await site.git.stop();
    const offline = await site.start({ args: ['--git-timeout', '2s'], env: environment });
    await site.becomes('enforced without a network', allRun(ALL));
    await site.sees(/refuses connections/, { from });
    expect(await offline.end('SIGTERM')).toEqual({ code: 0, signal: null });
    await site.git.start();

    // A folder that is not in the repo is no empty one.
    const next = (await site.log()).length;
    ids = (await site.containers()).map(({ id }) => id);
    const mistyped = await site.start({ args: ['--path', 'fleets/edge'], env: environment });
    await site.sees(/fleets\/edge/, { from: next });
    expect((await site.containers()).map(({ id }) => id)).toEqual(ids);
    expect(await mistyped.end('SIGTERM')).toEqual({ code: 0, signal: null });
  });
});
