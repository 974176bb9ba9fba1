import { expect, test } from '@jest/globals';
import { document, wholeAgent } from '../run/whole-agent.ts';
import { kill } from '../world/engine/lifecycle.ts';
import { restartEngine } from '../world/engine/restart.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

interface Shop {
  /** The tag of the web's image. */
  tag: string;
  /** The programs of its hooks: `job MS` ends well, `crash MS` does not. */
  pre?: string;
  post?: string;
  fail?: string;
  hookTimeout?: string;
  web?: object;
  fleet?: object;
}

const hook = (phase: string, command: string, hookTimeout?: string) => ({
  image: 'tool:1',
  command: ['sh', '-c', command],
  profiles: ['hooks'],
  'x-holdfast': { hook: phase, ...(hookTimeout && { hookTimeout }) },
});

const repoOf = ({ tag, pre, post, fail, hookTimeout, web, fleet }: Shop, others: object = {}) => ({
  'fleet.yaml': document('Fleet', { syncPolicy: { automated: { prune: true, selfHeal: true } }, ...fleet }),
  'sites/here.yaml': document('Site', {}),
  'apps/shop/app.yaml': document('Application', {}),
  'apps/shop/compose.yaml': JSON.stringify({
    services: {
      web: { image: `web:${tag}`, restart: 'unless-stopped', ...web },
      ...(pre && { migrate: hook('PreSync', pre, hookTimeout) }),
      ...(post && { warm: hook('PostSync', post, hookTimeout) }),
      ...(fail && { tell: hook('SyncFail', fail, hookTimeout) }),
    },
  }),
  ...others,
});

/** A site, and what happened there: starts of hooks, and the image that the web ran with meanwhile. */
function world(seed = 5) {
  const site = wholeAgent({
    seed,
    images: [],
    offered: ['web:1', 'web:2', 'web:3', 'tool:1'],
    intervalMs: MINUTE,
    resyncMs: 5 * MINUTE,
  });
  const starts: string[] = [];
  site.machine.onUp = ({ name, body }) => {
    if (!/-(migrate|warm|tell)-1$/.test(name)) return;
    const web = [...site.machine.containers.values()].find(
      (each) => each.status === 'running' && String(each.body.Image).startsWith('web:'),
    );
    starts.push(`${body.Labels?.['dev.holdfast.hook']} beside ${web?.body.Image ?? 'nothing'}`);
  };
  return {
    ...site,
    /** Starts of hooks since the last call. */
    started: () => starts.splice(0),
    commit: (shop: Shop, others?: object) => {
      site.repo.commit(repoOf(shop, others));
      site.sync();
    },
  };
}

async function siteWith(shop: Shop, seed?: number) {
  const here = world(seed);
  here.commit(shop);
  await here.start();
  expect(await here.became(`web:${shop.tag}`, HOUR)).toBe(true);
  await here.clock.advance(2 * MINUTE);
  return here;
}

const SOUND = { pre: 'echo migrated 3 tables; sleep 20', post: 'sleep 5; echo warm' };

test('PreSync runs beside the old version and PostSync beside the new one, once for each change, and the log tells their output', async () => {
  const here = await siteWith({ tag: '1', ...SOUND });
  expect(here.started()).toEqual(['PreSync beside nothing', 'PostSync beside web:1']);
  here.commit({ tag: '2', ...SOUND });
  expect(await here.became('web:2', HOUR)).toBe(true);
  await here.clock.advance(2 * MINUTE);
  expect(here.started()).toEqual(['PreSync beside web:1', 'PostSync beside web:2']);
  expect(here.log).toContain('the PreSync hook migrate has completed, last output: migrated 3 tables');
  expect(here.log.at(-1)).toMatch(/^all as .* says$/);
});

test('A commit that leaves the app alone, a reboot, a restart of the agent and self-heal run no hook', async () => {
  const here = await siteWith({ tag: '1', ...SOUND });
  here.started();
  here.repo.commit({ ...repoOf({ tag: '1', ...SOUND }), 'README.md': 'Hello' });
  here.sync();
  await here.clock.advance(5 * MINUTE);
  here.disk.reboot();
  restartEngine(here.machine, 'power', SECOND);
  await here.killAgent();
  await here.clock.advance(5 * MINUTE);
  const [web] = [...here.machine.containers.values()].filter(({ body }) => body.Image === 'web:1');
  here.machine.containers.delete(web?.id ?? '');
  await here.restart();
  expect(await here.became('web:1', HOUR)).toBe(true);
  await here.clock.advance(10 * MINUTE);
  expect(here.started()).toEqual([]);
});

test('A PreSync hook that fails changes nothing, is told with its exit code and output, and is tried again until it passes', async () => {
  const here = await siteWith({ tag: '1', ...SOUND });
  here.started();
  here.commit({ tag: '2', pre: 'echo no such table; exit 3', post: SOUND.post, fail: 'true' });
  await here.clock.advance(10 * MINUTE);
  expect(here.runs()).toBe('web:1');
  const started = here.started();
  expect(started.filter((each) => each === 'PreSync beside web:1').length).toBeGreaterThan(3);
  expect(started.filter((each) => each.startsWith('SyncFail'))).toEqual(['SyncFail beside web:1']);
  expect(started.filter((each) => each.startsWith('PostSync'))).toEqual([]);
  expect(here.log.join('\n')).toContain(
    'the PreSync hook migrate failed: shop-migrate-1 exited with 3, last output: no such table',
  );
  // The fix is another change, and does not wait for the retry.
  here.commit({ tag: '3', ...SOUND, fail: 'true' });
  expect(await here.became('web:3', 2 * MINUTE)).toBe(true);
  await here.clock.advance(MINUTE);
  expect(here.started()).toEqual(['PreSync beside web:1', 'PostSync beside web:3']);
});

test('A revert while a PreSync hook fails runs nothing, since the app never changed', async () => {
  const here = await siteWith({ tag: '1', ...SOUND });
  here.commit({ tag: '2', ...SOUND, pre: 'false' });
  await here.clock.advance(5 * MINUTE);
  here.started();
  here.commit({ tag: '1', ...SOUND });
  await here.clock.advance(10 * MINUTE);
  expect(here.started()).toEqual([]);
  expect(here.runs()).toBe('web:1');
  expect(here.log.at(-1)).toMatch(/^all as .* says$/);
});

test('A revert after a PreSync hook has passed is a change of its own', async () => {
  const here = await siteWith({ tag: '1', ...SOUND });
  here.commit({ tag: '2', ...SOUND });
  expect(await here.became('web:2', HOUR)).toBe(true);
  await here.clock.advance(2 * MINUTE);
  here.started();
  here.commit({ tag: '1', ...SOUND });
  expect(await here.became('web:1', HOUR)).toBe(true);
  await here.clock.advance(2 * MINUTE);
  expect(here.started()).toEqual(['PreSync beside web:2', 'PostSync beside web:1']);
});

test('A PostSync hook that fails leaves the new version, and is tried again', async () => {
  const here = await siteWith({ tag: '1' });
  here.commit({ tag: '2', post: 'false', fail: 'true' });
  expect(await here.became('web:2', HOUR)).toBe(true);
  await here.clock.advance(10 * MINUTE);
  const started = here.started();
  expect(started.filter((each) => each === 'PostSync beside web:2').length).toBeGreaterThan(3);
  expect(started.filter((each) => each.startsWith('SyncFail'))).toEqual(['SyncFail beside web:2']);
  // Meanwhile the app is healed as ever.
  const [web] = [...here.machine.containers.values()].filter(({ body }) => body.Image === 'web:2');
  if (web) kill(here.machine, web, 'hand');
  expect(here.runs()).not.toContain('web:2');
  expect(await here.became('web:2', MINUTE)).toBe(true);
});

test('The hooks of one app hold up no other app', async () => {
  const here = await siteWith({ tag: '1', ...SOUND });
  const other = {
    'apps/other/app.yaml': document('Application', {}),
    'apps/other/compose.yaml': JSON.stringify({ services: { web: { image: 'web:3' } } }),
  };
  here.commit({ tag: '2', ...SOUND, pre: 'false' }, other);
  expect(await here.became('web:1 web:3', 5 * MINUTE)).toBe(true);
});

test('A hook that takes too long is stopped and has failed', async () => {
  const here = await siteWith({ tag: '1' });
  here.commit({ tag: '2', pre: 'sleep 100000', hookTimeout: '2m' });
  await here.clock.advance(MINUTE);
  expect(here.log.join()).not.toContain('has run for');
  await here.clock.advance(2 * MINUTE);
  expect(here.log.join('\n')).toContain('stop shop-migrate-1: it has run for 2 min (x-holdfast.hookTimeout)');
  expect(here.log.join('\n')).toMatch(/the PreSync hook migrate failed: shop-migrate-1 exited with \d+/);
  expect(here.runs()).toMatch(/web:1/);
  expect(here.runs()).not.toMatch(/web:2/);
});

test('A reboot in the middle of a hook lets it run again', async () => {
  const here = await siteWith({ tag: '1' });
  here.commit({ tag: '2', pre: 'sleep 60' });
  expect(await here.became('tool:1 web:1', 10 * MINUTE)).toBe(true);
  await here.clock.advance(10 * SECOND);
  here.disk.reboot();
  restartEngine(here.machine, 'power', SECOND);
  await here.killAgent();
  expect(await here.became('web:2', HOUR)).toBe(true);
  expect(here.started()).toEqual(['PreSync beside web:1', 'PreSync beside web:1']);
});

test('An agent that is killed at any moment of a change runs each hook at least once, and the PreSync hook before anything is stopped', async () => {
  for (let effects = 1; effects < 60; effects += 3) {
    const here = await siteWith({ tag: '1' }, effects);
    here.started();
    await here.stop();
    await here.start(effects);
    here.commit({ tag: '2', ...SOUND });
    await here.clock.advance(MINUTE);
    await here.killAgent();
    here.sync();
    expect(await here.became('web:2', HOUR)).toBe(true);
    await here.clock.advance(5 * MINUTE);
    const started = here.started();
    expect(started[0]).toBe('PreSync beside web:1');
    expect(started.filter((each) => each === 'PreSync beside web:2')).toEqual([]);
    expect(started.at(-1)).toBe('PostSync beside web:2');
    // A run that the agent did not see the start of is followed, not repeated.
    expect(started.length).toBeLessThanOrEqual(3);
    await here.stop();
  }
});

test('With a lost state folder no hook runs again while the app runs just as Git says', async () => {
  const here = await siteWith({ tag: '1', ...SOUND });
  here.started();
  await here.stop();
  here.disk.plant('/state/memory.json', undefined);
  await here.start();
  await here.clock.advance(10 * MINUTE);
  expect(here.started()).toEqual([]);
  here.commit({ tag: '2', ...SOUND });
  expect(await here.became('web:2', HOUR)).toBe(true);
  await here.clock.advance(2 * MINUTE);
  expect(here.started()).toEqual(['PreSync beside web:1', 'PostSync beside web:2']);
});

test('A site at rest with hooks does nothing and writes nothing', async () => {
  const here = await siteWith({ tag: '1', ...SOUND, fail: 'true' });
  await here.clock.advance(30 * MINUTE);
  const { length } = here.log;
  const remembered = here.disk.peek('/state/memory.json');
  here.started();
  await here.clock.advance(HOUR);
  expect(here.log.slice(length)).toEqual([]);
  expect(here.disk.peek('/state/memory.json')).toBe(remembered);
  expect(here.started()).toEqual([]);
});
