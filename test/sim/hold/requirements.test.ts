import { expect, test } from '@jest/globals';
import type { Host } from '../../../src/host/host.ts';
import type { HostOfEngine } from '../../../src/model/requirement.ts';
import { document, wholeAgent } from '../run/whole-agent.ts';
import { docker20 } from '../world/engine/profiles.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const TTY = '/dev/ttyUSB0';

interface Repo {
  requires?: object | undefined;
  image?: string;
  selfHeal?: boolean;
  restart?: string;
  app?: object;
}

const repoOf = ({ requires = { devices: [{ path: TTY }] }, image = 'pos:1', selfHeal = true, restart, app }: Repo) => ({
  'fleet.yaml': document('Fleet', { syncPolicy: { automated: { prune: true, selfHeal } } }),
  'sites/here.yaml': document('Site', {}),
  'apps/pos/app.yaml': document('Application', { requires, ...app }),
  'apps/pos/compose.yaml': JSON.stringify({ services: { till: { image, restart } } }),
  'apps/web/app.yaml': document('Application', {}),
  'apps/web/compose.yaml': JSON.stringify({ services: { web: { image: 'web:1' } } }),
});

/** A site whose devices come and go. */
function world(seed = 3, told: HostOfEngine = {}) {
  const plugged = new Set<string>();
  const listeners = new Set<() => void>();
  let isSeen = true;
  let looks = 0;
  const host: Host = {
    hasDevice: async ({ path = '' }) => {
      looks += 1;
      return isSeen ? plugged.has(path) : undefined;
    },
    gpus: async () => undefined,
    disk: async () => 8 * 2 ** 30,
    watch: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
  const tell = (): void => {
    for (const listener of listeners) listener();
  };
  const site = wholeAgent({
    seed,
    profile: { ...docker20, facts: { ...docker20.facts, host: told } },
    images: [],
    offered: ['pos:1', 'pos:2', 'web:1'],
    intervalMs: MINUTE,
    resyncMs: 5 * MINUTE,
    agent: () => ({ host }),
  });
  return {
    ...site,
    looks: () => looks,
    /** The number of those that still listen to the host. */
    listeners: () => listeners.size,
    parked: () => site.log.filter((line) => line.includes('parked')),
    plug: (path = TTY) => {
      plugged.add(path);
      tell();
    },
    unplug: (path = TTY) => {
      plugged.delete(path);
      tell();
    },
    blind: () => {
      isSeen = false;
    },
  };
}

async function site(repo: Repo = {}, isPlugged = true) {
  const here = world();
  here.repo.commit(repoOf(repo));
  if (isPlugged) here.plug();
  await here.start();
  expect(await here.became(isPlugged ? 'pos:1 web:1' : 'web:1', HOUR)).toBe(true);
  await here.clock.advance(MINUTE);
  return here;
}

test('An app waits for its device without a failure, and starts when it is plugged in', async () => {
  const here = await site({}, false);
  await here.clock.advance(HOUR);
  expect(here.runs()).toBe('web:1');
  expect(here.parked()).toEqual([
    `pos is parked: needs ${TTY}`,
    expect.stringMatching(/^all as .* says, but pos is parked$/),
  ]);
  expect(here.log.filter((line) => line.startsWith('pull '))).toEqual([expect.stringContaining('web:1')]);
  here.plug();
  expect(await here.became('pos:1 web:1', 30 * SECOND)).toBe(true);
  expect(here.log.join('\n')).not.toMatch(/failed|again in/);
  await here.stop();
  expect(here.listeners()).toBe(0);
});

test('A device that is away for less than 10 s is not lost; after that the app is stopped, and it comes back with the device', async () => {
  const here = await site();
  here.unplug();
  await here.clock.advance(9 * SECOND);
  expect(here.runs()).toBe('pos:1 web:1');
  here.plug();
  await here.clock.advance(MINUTE);
  expect(here.runs()).toBe('pos:1 web:1');
  expect(here.parked()).toEqual([]);

  here.unplug();
  expect(await here.became('web:1', 30 * SECOND)).toBe(true);
  await here.clock.advance(HOUR);
  expect(here.runs()).toBe('web:1');
  expect(here.parked()).toEqual([`pos is parked: needs ${TTY}`]);
  here.plug();
  expect(await here.became('pos:1 web:1', 30 * SECOND)).toBe(true);
  expect(here.parked().at(-1)).toBe('pos is no longer parked');
  await here.stop();
});

test('A lost device stops nothing with onLoss: keep', async () => {
  const here = await site({ requires: { devices: [{ path: TTY }], onLoss: 'keep' } });
  here.unplug();
  await here.clock.advance(HOUR);
  expect(here.runs()).toBe('pos:1 web:1');
  await here.stop();
});

test('Without selfHeal, with a job’s restart policy, and after kill -9, the app still comes back', async () => {
  for (const restart of ['no', 'on-failure', 'unless-stopped']) {
    const here = await site({ selfHeal: false, restart });
    here.unplug();
    expect(await here.became('web:1', MINUTE)).toBe(true);
    await here.killAgent();
    await here.clock.advance(5 * MINUTE);
    here.plug();
    expect(await here.became('pos:1 web:1', MINUTE)).toBe(true);
    await here.stop();
  }
});

test('A kill -9 in the middle of parking forgets nothing', async () => {
  const here = await site({ selfHeal: false, restart: 'no' });
  for (let round = 0; round < 12; round += 1) {
    here.unplug();
    await here.clock.advance(9_900 + round * 40);
    await here.killAgent();
    expect(await here.became('web:1', MINUTE)).toBe(true);
    here.plug();
    expect(await here.became('pos:1 web:1', 10 * MINUTE)).toBe(true);
  }
  await here.stop();
});

test('A commit of a parked app waits with it, and one that asks for less lets it run', async () => {
  const here = await site();
  here.unplug();
  expect(await here.became('web:1', MINUTE)).toBe(true);
  here.repo.commit(repoOf({ image: 'pos:2' }));
  here.sync();
  await here.clock.advance(10 * MINUTE);
  expect(here.runs()).toBe('web:1');
  here.repo.commit(repoOf({ image: 'pos:2', requires: { disk: '4g' } }));
  here.sync();
  expect(await here.became('pos:2 web:1', 10 * MINUTE)).toBe(true);
  await here.stop();
});

test('A parked app is never pruned for it, and goes when Git no longer names it', async () => {
  const here = await site();
  here.unplug();
  expect(await here.became('web:1', MINUTE)).toBe(true);
  const kept = (): number => [...here.simulated.machine.containers.values()].length;
  expect(kept()).toBe(2);
  here.repo.commit(repoOf({ app: { placement: { sites: [] } } }));
  here.sync();
  expect(await here.clock.runUntil(() => kept() === 1, 10 * MINUTE)).toBe(true);
  await here.stop();
});

test('A disk that is too small parks the app', async () => {
  const here = await site({ requires: { disk: '16g' } }, false);
  await here.clock.advance(MINUTE);
  expect(here.parked()[0]).toBe('pos is parked: needs a disk of 16 GiB');
  await here.stop();
});

test('A host that cannot be seen parks nothing, and is told once', async () => {
  const here = world();
  here.blind();
  here.repo.commit(repoOf({}));
  await here.start();
  expect(await here.became('pos:1 web:1', HOUR)).toBe(true);
  await here.clock.advance(HOUR);
  expect(here.log.filter((line) => line.includes('--host-root'))).toEqual([
    `pos requires ${TTY}, which cannot be seen here (--host-root): it runs as if it were there`,
  ]);
  await here.stop();
});

test('A parked app costs nothing while idle: no disk writes and no calls that change anything', async () => {
  const here = await site({}, false);
  await here.clock.advance(HOUR);
  const { writes } = here.disk;
  const { effects } = here.simulated;
  await here.clock.advance(6 * HOUR);
  expect(here.disk.writes).toBe(writes);
  expect(here.simulated.effects).toBe(effects);
  await here.stop();
});

test('A site whose architecture changes parks what it cannot run, prunes nothing, and takes it up again', async () => {
  const engine: HostOfEngine = { arch: 'arm64', os: 'linux', engine: 'docker' };
  const here = world(5, engine);
  const placement = { matchLabels: { 'holdfast.arch': 'arm64' } };
  here.repo.commit(repoOf({ requires: {}, app: { placement } }));
  await here.start();
  expect(await here.became('pos:1 web:1', HOUR)).toBe(true);
  const kept = (): number => [...here.simulated.machine.containers.values()].length;
  // The disk of the site goes to another machine.
  await here.stop();
  engine.arch = 'amd64';
  await here.start();
  expect(await here.became('web:1', 10 * MINUTE)).toBe(true);
  await here.clock.advance(HOUR);
  expect(kept()).toBe(2);
  expect(here.parked()[0]).toBe('pos is parked: its placement does not take holdfast.arch amd64');
  // A fact that cannot be read keeps its last value.
  delete engine.arch;
  await here.killAgent();
  await here.clock.advance(HOUR);
  expect(here.runs()).toBe('web:1');
  engine.arch = 'arm64';
  await here.killAgent();
  expect(await here.became('pos:1 web:1', 10 * MINUTE)).toBe(true);
  expect(kept()).toBe(2);
  await here.stop();
});
