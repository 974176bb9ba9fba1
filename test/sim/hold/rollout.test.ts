import { describe, expect, test } from '@jest/globals';
import { startAgent } from '../../../src/agent/agent.ts';
import { openEngine } from '../../../src/engine/open-engine.ts';
import type { Clock } from '../../../src/lib/clock.ts';
import { type PromotionContent, promotionPayload } from '../../../src/trust/promotion.ts';
import { filesOn } from '../../support/site/disk-files.ts';
import { docker20 } from '../world/engine/profiles.ts';
import { seededRandom } from '../world/random.ts';
import { SimulatedDisk } from '../world/simulated-disk.ts';
import { SimulatedEngine } from '../world/simulated-engine.ts';
import { SimulatedSource } from '../world/simulated-source.ts';
import { VirtualClock } from '../world/virtual-clock.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const document = (kind: string, spec: object = {}): string => JSON.stringify({ apiVersion: 'holdfast/v1', kind, spec });
const compose = (image: string, more: object = {}): string =>
  JSON.stringify({ services: { web: { image, command: ['serve'], ...more } } });

interface Repo {
  image?: string;
  after?: string;
  suspend?: boolean;
  more?: Record<string, string>;
}

const repoOf = ({ image = 'app:1', after = '24h', suspend = false, more = {} }: Repo) => ({
  'fleet.yaml': document('Fleet', {
    syncPolicy: { automated: { prune: true, selfHeal: true } },
    pruneThreshold: 100,
    rollout: { steps: [{ percent: 100, after }] },
  }),
  'sites/here.yaml': document('Site', { allowEmpty: true }),
  'apps/web/app.yaml': document('Application', suspend ? { suspend } : {}),
  'apps/web/compose.yaml': compose(image),
  ...more,
});

const bound = (clock: VirtualClock): Clock => ({
  monotonic: () => clock.monotonic(),
  wall: () => clock.wall(),
  timer: (ms, callback) => clock.timer(ms, callback),
  random: () => clock.random(),
});

/** A site whose agent looks every five minutes; it can be killed and started again. */
async function world(seed = 7, wallStart = Date.UTC(2026, 0, 1)) {
  const random = seededRandom(seed);
  const clock = new VirtualClock(random.fork('clock'), wallStart);
  const machine = new SimulatedEngine(clock, random, docker20, 'here');
  for (const image of ['app:1', 'app:2', 'app:3'])
    machine.machine.images.put(image, machine.machine.images.make({ Cmd: ['serve'] }));
  const repo = new SimulatedSource(clock, random);
  const disk = new SimulatedDisk(clock, random.fork('disk'));
  const log: string[] = [];
  const say = (text: string): void => void log.push(text);
  let stop = async (): Promise<void> => {};
  const start = async (): Promise<void> => {
    const engine = openEngine(machine.api(), { site: 'here', clock });
    const agent = await clock.finish(
      startAgent({
        clock: bound(clock),
        disk,
        files: filesOn(disk),
        engine,
        source: repo.open(() => true),
        log: { debug() {}, info: say, warn: say, error: say },
        repo: 'http://git.example/fleet.git',
        revision: '',
        site: 'here',
        stateDir: '/state',
        program: 'test',
        compile: async () => ({ filesDir: '/files' }),
        intervalMs: 5 * MINUTE,
        resyncMs: HOUR,
      }),
    );
    stop = async () => {
      await clock.finish(agent.stop());
      engine.close();
    };
  };
  const running = (): string[] =>
    [...machine.machine.containers.values()]
      .filter(({ status }) => status === 'running')
      .map(({ name, body }) => `${name} ${body.Image}`)
      .sort();
  return { clock, repo, disk, log, start, stop: () => stop(), running, machine: machine.machine };
}

const V1 = ['web-web-1 app:1'];
const V2 = ['web-web-1 app:2'];

/** A site that runs app:1 and whose rollout makes it wait. */
async function settled(repo: Repo = {}, wallStart?: number) {
  const made = await world(7, wallStart);
  made.repo.commit(repoOf(repo));
  await made.start();
  await made.clock.advance(HOUR);
  // A site that never accepted anything starts everything at once.
  expect(made.running()).toEqual(V1);
  return made;
}

test('a change begins when its time has passed since this site first saw it', async () => {
  const { clock, repo, stop, running, log } = await settled();
  repo.commit(repoOf({ image: 'app:2' }));
  await clock.advance(DAY - HOUR);
  expect(running()).toEqual(V1);
  expect(log.filter((line) => /the change of web waits/.test(line))).toEqual([
    'the change of web waits for step 1 of 1: it begins in 1 d, once Git has answered again',
  ]);
  // A commit that leaves the app alone restarts no wait.
  repo.commit(repoOf({ image: 'app:2', more: { 'README.md': 'new' } }));
  await clock.advance(HOUR + 30 * MINUTE);
  expect(running()).toEqual(V2);
  expect(log).toContain('the change of web begins');
  await stop();
});

test('a revert that comes while a change waits reaches a site that never had the change', async () => {
  const { clock, repo, stop, running } = await settled();
  repo.commit(repoOf({ image: 'app:2' }));
  await clock.advance(DAY / 2);
  repo.commit(repoOf({}));
  await clock.advance(3 * DAY);
  expect(running()).toEqual(V1);
  // The same change once more is a new one.
  repo.commit(repoOf({ image: 'app:2' }));
  await clock.advance(DAY - HOUR);
  expect(running()).toEqual(V1);
  await stop();
});

test('without an answer from Git nothing begins, however long it waited', async () => {
  const { clock, repo, stop, running } = await settled();
  repo.commit(repoOf({ image: 'app:2' }));
  await clock.advance(HOUR);
  repo.linkUp = false;
  await clock.advance(5 * DAY);
  expect(running()).toEqual(V1);
  // The commit that takes it back comes with the first answer.
  repo.commit(repoOf({}));
  repo.linkUp = true;
  await clock.advance(2 * HOUR);
  expect(running()).toEqual(V1);
  await stop();
});

test('a site that was away waits from its return', async () => {
  const { clock, repo, stop, start, running } = await settled();
  await stop();
  repo.commit(repoOf({ image: 'app:2' }));
  await clock.advance(10 * DAY);
  await start();
  await clock.advance(DAY - HOUR);
  expect(running()).toEqual(V1);
  await clock.advance(2 * HOUR);
  expect(running()).toEqual(V2);
  await stop();
});

test.each([
  ['1970', Date.UTC(1970, 0, 1)],
  ['2099', Date.UTC(2099, 0, 1)],
])('a wall clock that jumps to %s shortens no wait', async (_, wall) => {
  const { clock, repo, stop, start, running } = await settled();
  repo.commit(repoOf({ image: 'app:2' }));
  await clock.advance(HOUR);
  clock.setWall(new Date(wall));
  await clock.advance(DAY / 2);
  await stop();
  await start();
  await clock.advance(DAY / 4);
  expect(running()).toEqual(V1);
  await clock.advance(DAY / 2);
  expect(running()).toEqual(V2);
  await stop();
});

test('a running app is healed while its change waits, also after a restart without a network', async () => {
  const { clock, repo, stop, start, running, machine } = await settled();
  repo.commit(repoOf({ image: 'app:2' }));
  await clock.advance(HOUR);
  const remove = (): void => {
    for (const [id, { name }] of machine.containers) if (name === 'web-web-1') machine.containers.delete(id);
  };
  remove();
  await clock.advance(2 * HOUR);
  expect(running()).toEqual(V1);
  repo.linkUp = false;
  await stop();
  await start();
  remove();
  await clock.advance(2 * HOUR);
  expect(running()).toEqual(V1);
  await stop();
});

test('the removal of an app waits by the steps that it had, and a new app waits as well', async () => {
  const { clock, repo, stop, running } = await settled({ after: '24h' });
  const next = repoOf({
    more: { 'apps/new/app.yaml': document('Application'), 'apps/new/compose.yaml': compose('app:3') },
  });
  const { 'apps/web/app.yaml': _, 'apps/web/compose.yaml': __, ...without } = next;
  repo.commit(without);
  await clock.advance(DAY - HOUR);
  expect(running()).toEqual(V1);
  await clock.advance(2 * HOUR);
  expect(running()).toEqual(['new-web-1 app:3']);
  await stop();
});

test('suspend takes effect at once, and steps that become shorter do not hurry a change along', async () => {
  const { clock, repo, stop, running, machine } = await settled();
  repo.commit(repoOf({ image: 'app:2', after: '1h', suspend: true }));
  await clock.advance(2 * HOUR);
  expect(running()).toEqual(V1);
  for (const [id, { name }] of machine.containers) if (name === 'web-web-1') machine.containers.delete(id);
  await clock.advance(2 * HOUR);
  expect(running()).toEqual([]);
  await stop();
});

test('a step that waits for a promotion stays closed', async () => {
  const { clock, repo, stop, running, log } = await settled({ after: 'promotion' });
  repo.commit(repoOf({ image: 'app:2', after: 'promotion' }));
  await clock.advance(30 * DAY);
  expect(running()).toEqual(V1);
  expect(log).toContain('the change of web waits for step 1 of 1: it begins when a promotion opens the step');
  await stop();
});

test('a newer change takes the place of one that waits, and begins to wait', async () => {
  const { clock, repo, stop, running } = await settled();
  repo.commit(repoOf({ image: 'app:2' }));
  await clock.advance(DAY - HOUR);
  repo.commit(repoOf({ image: 'app:3' }));
  await clock.advance(DAY - HOUR);
  expect(running()).toEqual(V1);
  await clock.advance(2 * HOUR);
  expect(running()).toEqual(['web-web-1 app:3']);
  await stop();
});

/** Shows a promotion of the app on the server. Times are of the virtual clock. */
function promote(
  { repo, clock }: Awaited<ReturnType<typeof world>>,
  changes: Partial<PromotionContent> = {},
  app = 'web',
): void {
  const issued = Math.floor(clock.wall().getTime() / 1000) * 1000;
  const content = {
    revision: '',
    app,
    commit: repo.head,
    step: 1,
    state: 'open' as const,
    sequence: issued / 1000,
    issued,
    expires: issued + 30 * DAY,
  };
  repo.promotions.set(app, Buffer.from(promotionPayload({ ...content, ...changes })));
}

describe('a promotion', () => {
  const CLOSED = { after: 'promotion' };

  test('opens a step for the change of its commit', async () => {
    const site = await settled(CLOSED);
    site.repo.commit(repoOf({ ...CLOSED, image: 'app:2' }));
    await site.clock.advance(DAY);
    promote(site);
    await site.clock.advance(HOUR);
    expect(site.running()).toEqual(V2);
    expect(site.log).toContain('the change of web begins');
    await site.stop();
  });

  test('opens it as well for a site that saw only a later commit with the same change, and not for another change', async () => {
    const site = await settled(CLOSED);
    await site.stop();
    const promoted = site.repo.commit(repoOf({ ...CLOSED, image: 'app:2' }));
    promote(site, { commit: promoted });
    site.repo.commit(repoOf({ ...CLOSED, image: 'app:2', more: { 'README.md': 'later' } }));
    await site.start();
    await site.clock.advance(HOUR);
    expect(site.running()).toEqual(V2);
    site.repo.commit(repoOf({ ...CLOSED, image: 'app:3' }));
    await site.clock.advance(DAY);
    expect(site.running()).toEqual(V2);
    await site.stop();
  });

  test('holds a change that would begin by its time, until it is over', async () => {
    const site = await settled();
    site.repo.commit(repoOf({ image: 'app:2' }));
    promote(site, { state: 'hold', expires: site.clock.wall().getTime() + 10 * DAY });
    await site.clock.advance(9 * DAY);
    expect(site.running()).toEqual(V1);
    await site.clock.advance(2 * DAY);
    expect(site.running()).toEqual(V2);
    await site.stop();
  });

  test('with a lower number than one before counts for nothing, as after a restart', async () => {
    const site = await settled(CLOSED);
    site.repo.commit(repoOf({ ...CLOSED, image: 'app:2' }));
    promote(site, { state: 'hold' });
    await site.clock.advance(HOUR);
    await site.stop();
    await site.start();
    promote(site, { sequence: 5 });
    await site.clock.advance(DAY);
    expect(site.running()).toEqual(V1);
    expect(site.log).toContainEqual(
      expect.stringMatching(/a promotion is not believed: the promotion of web has the number 5/),
    );
    await site.stop();
  });

  test('for another app, or one that makes no sense, opens nothing', async () => {
    const site = await settled(CLOSED);
    site.repo.commit(repoOf({ ...CLOSED, image: 'app:2' }));
    site.repo.promotions.set('web', Buffer.from('nonsense'));
    await site.clock.advance(HOUR);
    promote(site, {}, 'other');
    const other = site.repo.promotions.get('other');
    if (other) site.repo.promotions.set('web', other);
    await site.clock.advance(HOUR);
    expect(site.running()).toEqual(V1);
    await site.stop();
  });
});

describe('a commit with the trailer Holdfast-Rollout: now', () => {
  const NOW = 'Mend the till\n\nHoldfast-Rollout: now web other';

  test('begins at once the change that it has', async () => {
    const site = await settled();
    site.repo.commit(repoOf({ image: 'app:2' }), NOW);
    await site.clock.advance(HOUR);
    expect(site.running()).toEqual(V2);
    await site.stop();
  });

  test('does so as well on a site that sees it together with later commits of other things', async () => {
    const site = await settled();
    await site.stop();
    site.repo.commit(repoOf({ image: 'app:2' }), NOW);
    site.repo.commit(repoOf({ image: 'app:2', more: { 'README.md': 'later' } }));
    await site.start();
    await site.clock.advance(HOUR);
    expect(site.running()).toEqual(V2);
    await site.stop();
  });

  test('says nothing about a later change, nor about another app', async () => {
    const site = await settled();
    await site.stop();
    site.repo.commit(repoOf({ image: 'app:2' }), NOW);
    site.repo.commit(repoOf({ image: 'app:3' }), 'Go on\n\nHoldfast-Rollout: now other');
    await site.start();
    await site.clock.advance(DAY - HOUR);
    expect(site.running()).toEqual(V1);
    await site.stop();
  });
});
