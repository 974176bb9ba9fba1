import { expect, test } from '@jest/globals';
import { document } from '../run/whole-agent.ts';
import { docker20, podman } from '../world/engine/profiles.ts';
import { HOUR, MINUTE, repoOf, SECOND, settled, world } from './order-site.ts';

test.each([
  ['Docker', docker20],
  ['Podman', podman],
])('an app is started for the first time once the app is healthy that it depends on (%s)', async (_, profile) => {
  const site = await settled({}, 5, profile);
  expect(site.first('pos:1')).toBeGreaterThan(site.first('db:1 healthy'));
  // Its image was fetched meanwhile.
  const line = (start: string): number => site.log.findIndex((each) => each.startsWith(start));
  expect(line('pull pos:1')).toBeLessThan(line('create pos-till-1'));
  expect(site.waits()).toEqual([
    expect.stringMatching(/^held back, as it waits for app db: its change is not done yet$/),
    'held back, as it waits for app db: db-db-1 is not healthy yet',
  ]);
  await site.stop();
});

test('the status of a site says for which app another one waits, and is unwell for the sick one alone', async () => {
  const site = world(9);
  site.repo.commit(repoOf({}));
  await site.start();
  expect(await site.clock.runUntil(() => site.runs() === 'db:1' && site.log.some(isPulled), HOUR)).toBe(true);
  await site.clock.advance(10 * SECOND);
  expect(site.status()?.verdict).toEqual({
    is: 'busy',
    reasons: ['pos: it waits for app db: db-db-1 is not healthy yet'],
  });
  site.fallSick();
  expect(await site.clock.runUntil(() => site.find('db:1')?.health === 'unhealthy', HOUR)).toBe(true);
  await site.clock.advance(SECOND / 10);
  expect(site.status()?.verdict.is).toBe('unwell');
  expect(site.status()?.verdict.reasons.join()).not.toContain('pos');
  await site.stop();
});

const isPulled = (line: string): boolean => line.startsWith('pull pos:1');

test('a kill -9 of the agent keeps the order, on a new site and in a commit that changes both', async () => {
  for (let effects = 1; effects <= 40; effects += 1) {
    const site = world(effects);
    site.repo.commit(repoOf({}));
    await site.start();
    await site.clock.advance(effects * SECOND);
    await site.killAgent();
    expect(await site.clock.runUntil(() => site.states().join() === 'db:1 healthy,pos:1', HOUR)).toBe(true);
    expect(site.first('pos:1')).toBeGreaterThan(site.first('db:1 healthy'));
    await site.stop();

    site.repo.commit(repoOf({ db: 'db:2', pos: 'pos:2' }));
    await site.start(effects);
    await site.clock.advance(effects * 3 * SECOND);
    site.kill();
    await site.start();
    expect(await site.clock.runUntil(() => site.states().join() === 'db:2 healthy,pos:2', HOUR)).toBe(true);
    expect(site.first('pos:2')).toBeGreaterThan(site.first('db:2 healthy'));
    await site.stop();
  }
});

test('while the app is sick that it depends on, an app runs on, is healed, and its change waits and is told once', async () => {
  const site = await settled();
  site.fallSick();
  await site.clock.advance(2 * MINUTE);
  site.repo.commit(repoOf({ pos: 'pos:2' }));
  site.sync();
  await site.clock.advance(10 * MINUTE);
  expect(site.runs()).toContain('pos:1');
  site.killTill();
  expect(await site.clock.runUntil(() => site.runs().includes('pos:1'), MINUTE)).toBe(true);
  await site.clock.advance(3 * HOUR);
  expect(site.first('pos:2')).toBe(-1);
  expect(site.waits().filter((line) => !line.includes('its change'))).toHaveLength(2);
  const db = site.find('db:1');
  if (db) db.sick = false;
  expect(await site.clock.runUntil(() => site.runs().includes('pos:2'), 10 * MINUTE)).toBe(true);
  await site.stop();
});

test('a site that waits for a sick app writes nothing to its disk for that', async () => {
  const site = await settled({ dbApp: { suspend: false } });
  // Nobody starts it again.
  site.repo.commit(repoOf({ dbApp: { suspend: true } }));
  site.sync();
  await site.clock.advance(5 * MINUTE);
  site.fallSick();
  await site.clock.advance(MINUTE);
  site.repo.commit(repoOf({ dbApp: { suspend: true }, pos: 'pos:2' }));
  site.sync();
  await site.clock.advance(HOUR);
  expect(site.waits().at(-1)).toMatch(/^held back, as it waits for app db: db-db-1 is unhealthy, and the app is susp/);
  const [writes, { effects }] = [site.disk.writes, site.simulated];
  await site.clock.advance(6 * HOUR);
  expect([site.disk.writes, site.simulated.effects]).toEqual([writes, effects]);
  expect(site.runs()).toBe('db:1 pos:1');
  await site.stop();
});

test.each(['no', 'unless-stopped'])(
  'after a reboot with a sick app and without a network, all of the app runs that depends on it (restart: %s)',
  async (restart) => {
    const site = await settled({ till: { restart } });
    site.fallSick();
    await site.clock.advance(MINUTE);
    site.repo.commit(repoOf({ pos: 'pos:2', till: { restart } }));
    site.sync();
    await site.clock.advance(5 * MINUTE);
    site.repo.linkUp = false;
    for (let times = 0; times < 3; times += 1) {
      await site.reboot();
      expect(await site.clock.runUntil(() => site.runs().includes('pos:1'), 5 * MINUTE)).toBe(true);
      await site.clock.advance(5 * MINUTE);
    }
    expect(site.first('pos:2')).toBe(-1);
    await site.stop();
  },
);

test('a commit that adds a dependency restarts nothing, and one that takes it out lets a change go on', async () => {
  const site = await settled({ dependsOn: [] });
  const { effects } = site.simulated;
  site.repo.commit(repoOf({}));
  site.sync();
  await site.clock.advance(10 * MINUTE);
  expect(site.simulated.effects).toBe(effects);
  site.fallSick();
  await site.clock.advance(MINUTE);
  site.repo.commit(repoOf({ pos: 'pos:2' }));
  site.sync();
  await site.clock.advance(10 * MINUTE);
  expect(site.first('pos:2')).toBe(-1);
  site.repo.commit(repoOf({ pos: 'pos:2', dependsOn: [] }));
  site.sync();
  expect(await site.clock.runUntil(() => site.runs().includes('pos:2'), MINUTE)).toBe(true);
  await site.stop();
});

const NEVER = { syncWindows: [{ kind: 'deny', schedule: '* * * * *', duration: '1m' }] };
const NEEDS = { requires: { devices: [{ path: '/dev/ttyUSB0' }], onLoss: 'keep' } };
test.each<[string, object, string]>([
  ['suspended', { suspend: true }, 'the app is suspended'],
  ['in a closed window', NEVER, 'sync windows count as closed'],
  ['parked', NEEDS, 'db is parked: needs /dev/ttyUSB0'],
])(
  'an app that is %s counts as it runs; if it never ran, the other one says what it waits for',
  async (_, dbApp, why) => {
    const site = await settled({ dbApp: dbApp === NEEDS ? NEEDS : {} });
    if (dbApp === NEEDS) site.unplug();
    await site.clock.advance(MINUTE);
    site.repo.commit(repoOf({ db: 'db:2', pos: 'pos:2', dbApp }));
    site.sync();
    expect(await site.clock.runUntil(() => site.states().join() === 'db:1 healthy,pos:2', 10 * MINUTE)).toBe(true);
    await site.stop();

    const fresh = world(6);
    if (dbApp === NEEDS) fresh.unplug();
    fresh.repo.commit(repoOf({ dbApp }));
    await fresh.start();
    await fresh.clock.advance(HOUR);
    expect(fresh.runs()).toBe('');
    expect(fresh.waits()).toHaveLength(1);
    expect(fresh.waits()[0]).toContain(`held back, as it waits for app db: nothing of it runs here, and ${why}`);
    fresh.repo.commit(repoOf({ dbApp, dependsOn: [] }));
    fresh.sync();
    expect(await fresh.became('pos:1', 5 * MINUTE)).toBe(true);
    await fresh.stop();
  },
);

test('an app that Git does not place here is a warning with its place, and the app goes on', async () => {
  const site = world(7);
  site.repo.commit(repoOf({ dbApp: { placement: { sites: [] } } }));
  await site.start();
  expect(await site.became('pos:1', 5 * MINUTE)).toBe(true);
  expect(site.log.filter((line) => line.includes('is not placed on this site'))).toEqual([
    expect.stringMatching(/^apps\/pos\/app\.yaml:1:\d+: depends on db, which is not placed on this site/),
  ]);
  await site.stop();
});

test('apps that begin to depend on each other keep their last good state, and are healed', async () => {
  const site = await settled();
  site.repo.commit(repoOf({ db: 'db:2', pos: 'pos:2', dbApp: { dependsOn: ['pos'] } }));
  site.sync();
  await site.clock.advance(10 * MINUTE);
  expect(site.runs()).toBe('db:1 pos:1');
  expect(site.log.filter((line) => line.includes('depends on itself'))).toHaveLength(2);
  site.killTill();
  expect(await site.clock.runUntil(() => site.runs().includes('pos:1'), MINUTE)).toBe(true);
  await site.stop();
});

test('both are removed in the other order, also after a restart of the agent', async () => {
  for (const without of [/^apps\//, /^apps\/(db|pos)\/compose/]) {
    const site = await settled();
    await site.restart();
    site.course.length = 0;
    const elsewhere = document('Application', { placement: { sites: ['there'] } });
    const gone = repoOf({ without });
    site.repo.commit({
      ...gone,
      'sites/there.yaml': document('Site'),
      ...(gone['apps/db/app.yaml'] && {
        'apps/db/app.yaml': elsewhere,
        'apps/pos/app.yaml': elsewhere,
      }),
    });
    site.sync();
    expect(await site.became('', 10 * MINUTE)).toBe(true);
    expect(site.course.filter((now) => now.includes('pos') && !now.includes('db'))).toEqual([]);
    await site.stop();
  }
});

test('an app that another one no longer needs is removed once that one is changed', async () => {
  const site = await settled();
  site.course.length = 0;
  site.repo.commit(repoOf({ pos: 'pos:2', dependsOn: [], without: /^apps\/db/ }));
  site.sync();
  expect(await site.became('pos:2', 10 * MINUTE)).toBe(true);
  expect(site.course.filter((now) => now.includes('pos:1') && !now.includes('db:1'))).toEqual([]);
  await site.stop();
});

test('changes of both wait for the later step, and begin together, in order', async () => {
  const rollout = (after: string) => ({ rollout: { steps: [{ percent: 100, after }] } });
  const site = await settled({ dbApp: rollout('3h'), fleet: rollout('1h') });
  site.repo.commit(repoOf({ db: 'db:2', pos: 'pos:2', dbApp: rollout('3h'), fleet: rollout('1h') }));
  site.sync();
  await site.clock.advance(2 * HOUR + 50 * MINUTE);
  expect(site.runs()).toBe('db:1 pos:1');
  expect(await site.clock.runUntil(() => site.states().join() === 'db:2 healthy,pos:2', HOUR)).toBe(true);
  expect(site.first('pos:2')).toBeGreaterThan(site.first('db:2 healthy'));
  await site.stop();
});

test('a dependency that is taken out unties the changes at once', async () => {
  const dbApp = { rollout: { steps: [{ percent: 100, after: '3h' }] } };
  const fleet = { rollout: { steps: [{ percent: 100 }] } };
  const site = await settled({ dbApp, fleet });
  site.repo.commit(repoOf({ db: 'db:2', pos: 'pos:2', dbApp, fleet }));
  site.sync();
  await site.clock.advance(HOUR);
  expect(site.runs()).toBe('db:1 pos:1');
  site.repo.commit(repoOf({ db: 'db:2', pos: 'pos:2', dependsOn: [], dbApp, fleet }));
  site.sync();
  expect(await site.became('db:1 pos:2', 5 * MINUTE)).toBe(true);
  expect(await site.became('db:2 pos:2', 4 * HOUR)).toBe(true);
  await site.stop();
});

test('an app whose first start waits for its step is waited for', async () => {
  const rollout = { rollout: { steps: [{ percent: 100, after: '3h' }] } };
  const at = { dbApp: rollout };
  const site = world(8);
  site.repo.commit(repoOf({ ...at, dependsOn: [], without: /^apps\/db/ }));
  await site.start();
  expect(await site.became('pos:1', 5 * MINUTE)).toBe(true);
  site.repo.commit(repoOf(at));
  site.sync();
  await site.clock.advance(10 * MINUTE);
  site.repo.commit(repoOf({ ...at, pos: 'pos:2' }));
  site.sync();
  await site.clock.advance(2 * HOUR);
  expect(site.runs()).toBe('pos:1');
  expect(site.log.join('\n')).not.toContain('is not placed');
  expect(await site.clock.runUntil(() => site.states().join() === 'db:1 healthy,pos:2', 2 * HOUR)).toBe(true);
  expect(site.first('pos:2')).toBeGreaterThan(site.first('db:1 healthy'));
  await site.stop();
});
