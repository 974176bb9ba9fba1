import { expect, test } from '@jest/globals';
import { type Agent, startAgent } from '../../../src/agent/agent.ts';
import { openEngine } from '../../../src/engine/open-engine.ts';
import type { Clock } from '../../../src/lib/clock.ts';
import type { SyncWindow } from '../../../src/model/sync-window.ts';
import { filesOn } from '../../support/site/disk-files.ts';
import { Life } from '../world/agent-life.ts';
import { kill } from '../world/engine/lifecycle.ts';
import { docker20 } from '../world/engine/profiles.ts';
import { seededRandom } from '../world/random.ts';
import { SimulatedDisk } from '../world/simulated-disk.ts';
import { SimulatedEngine } from '../world/simulated-engine.ts';
import { SimulatedSource } from '../world/simulated-source.ts';
import { VirtualClock } from '../world/virtual-clock.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const SEEDS = process.env.HOLDFAST_SIM_SEED ? [Number(process.env.HOLDFAST_SIM_SEED)] : [1, 2, 3, 4];
/** Noon in Lisbon, in June. */
const NOON = Date.UTC(2026, 5, 1, 11);
const ON = { automated: { prune: true, selfHeal: true } };
const NIGHT = { kind: 'allow', schedule: '0 2 * * *', duration: '2h' };

type Windows = Omit<SyncWindow, 'at'>[];

const document = (kind: string, spec: object): string => JSON.stringify({ apiVersion: 'holdfast/v1', kind, spec });

const repoOf = (images: Record<string, string>, windows: object[], fleet: object = {}) => ({
  'fleet.yaml': document('Fleet', { syncPolicy: ON, ...fleet }),
  'sites/here.yaml': document('Site', { timeZone: 'Europe/Lisbon' }),
  'apps/shop/app.yaml': document('Application', { syncWindows: windows as Windows }),
  'apps/shop/compose.yaml': JSON.stringify({
    services: Object.fromEntries(
      Object.entries(images).map(([name, image]) => [
        name,
        // It ignores the signal to stop, so that stopping it takes a minute.
        {
          image,
          command: ['sleep', '1000000'],
          stop_grace_period: '60s',
          ...(name === 'db' && { depends_on: ['web'] }),
        },
      ]),
    ),
  }),
});

interface Options {
  /** The time that the clock of the site shows at noon in Lisbon. */
  shows?: number;
  /** The server gives the right time with each answer. Default true. */
  tellsTime?: boolean;
}

/** A whole agent in virtual time on a machine that outlives it. It is noon. */
function world({ shows = NOON, tellsTime = true }: Options = {}) {
  const random = seededRandom(11);
  const clock = new VirtualClock(random.fork('clock'), shows);
  const simulated = new SimulatedEngine(clock, random, docker20, 'here');
  const { images, containers } = simulated.machine;
  for (const image of ['web:1', 'web:2', 'web:3', 'db:1', 'db:2'])
    images.registry.offer(image, images.make({ Cmd: ['serve'] }));
  const repo = new SimulatedSource(clock, random);
  const disk = new SimulatedDisk(clock, random.fork('disk'));
  const log: string[] = [];
  let run = 1;
  let tell: (date: number) => void = () => {};
  const trueTime = (): number => NOON + clock.monotonic();
  let running: { agent: Agent; close: () => void; kill: () => void } | undefined;

  const time: Clock = {
    wall: () => clock.wall(),
    monotonic: () => clock.monotonic(),
    random: () => clock.random(),
    timer: (ms, callback) => clock.timer(ms, callback),
  };
  const start = async (): Promise<void> => {
    const life = new Life(random.fork('life'));
    const open = repo.open(() => !life.dead);
    const engine = openEngine(life.api(simulated.api('agent')), { site: 'here', clock: life.clock(time) });
    const say = (text: string): void => void log.push(text);
    const agent = await clock.finish(
      startAgent({
        clock: life.clock(time),
        disk: life.disk(disk),
        files: filesOn(life.disk(disk)),
        engine,
        source: {
          ...open,
          poll: async (signal, pin) => {
            const polled = await open.poll(signal, pin);
            if (tellsTime) tell(trueTime());
            return polled;
          },
        },
        log: { debug() {}, info: say, warn: say, error: say },
        repo: 'https://git.example/fleet.git',
        revision: '',
        site: 'here',
        stateDir: '/state',
        program: 'test',
        compile: async () => ({ filesDir: '/files' }),
        time: {
          onDate: (listener) => {
            tell = listener;
          },
          boot: { id: `run ${run}`, uptime: () => clock.monotonic() },
        },
        intervalMs: 10 * MINUTE,
        resyncMs: 30 * MINUTE,
      }),
    );
    running = { agent, close: () => engine.close(), kill: () => life.kill() };
  };
  const stop = async (): Promise<void> => {
    if (running) await clock.finish(running.agent.stop());
    running?.close();
    running = undefined;
  };
  /** The images that run, sorted. */
  const runs = (): string =>
    [...containers.values()]
      .filter(({ status }) => status === 'running')
      .map(({ body }) => String(body.Image))
      .sort()
      .join(' ');
  return {
    clock,
    repo,
    disk,
    log,
    simulated,
    start,
    stop,
    runs,
    /** kill -9, and a start by the supervisor. */
    killAgent: async () => {
      running?.kill();
      await start();
    },
    sync: () => running?.agent.sync(),
    restart: async () => {
      await stop();
      await start();
    },
    reboot: async (shows: number) => {
      await stop();
      run += 1;
      clock.setWall(new Date(shows));
      await start();
    },
    /** Lets time pass until it is that late in Lisbon, on the day after the first noon. */
    until: (hour: number, minute = 0) => clock.advance(NOON + (12 + hour) * HOUR + minute * MINUTE - trueTime()),
    /** The image of the container that has or had the name of each service. */
    images: (): string =>
      [...containers.values()]
        .filter(({ name }) => /^shop-(web|db)-1$/.test(name))
        .map(({ body }) => String(body.Image))
        .sort()
        .join(' '),
    became: (what: string, within: number) => clock.runUntil(() => runs() === what, within),
    killWeb: () => {
      const web = [...containers.values()].find(({ body }) => String(body.Image).startsWith('web'));
      if (web) kill(simulated.machine, web, 'hand');
    },
  };
}

/** A site that runs web:1 and waits at noon for its windows, with web:2 in Git. */
async function waiting(windows: object[] = [NIGHT], options: Options = {}) {
  const site = world(options);
  site.repo.commit(repoOf({ web: 'web:1', db: 'db:1' }, []));
  await site.start();
  expect(await site.became('db:1 web:1', HOUR)).toBe(true);
  await site.clock.advance(2 * MINUTE);
  site.repo.commit(repoOf({ web: 'web:2', db: 'db:1' }, windows));
  site.sync();
  await site.clock.advance(5 * MINUTE);
  expect(site.runs()).toBe('db:1 web:1');
  return site;
}

test('A change waits for its window, is told once with the next opening, and is applied when it opens', async () => {
  const site = await waiting();
  await site.until(1, 59);
  expect(site.runs()).toBe('db:1 web:1');
  const told = site.log.filter((line) => line.includes('held back'));
  expect(told).toEqual([
    expect.stringMatching(
      /^held back, as no sync window is open of allow "0 2 \* \* \*" for 2h \(Europe\/Lisbon\); next opening 2026-06-02 02:00 Europe\/Lisbon: /,
    ),
  ]);
  const { calls } = site.simulated;
  expect(calls.pullImage).toBe(2);
  await site.until(2, 5);
  expect(site.runs()).toBe('db:1 web:2');
  await site.stop();
});

test('A site that waits for a window writes nothing to its disk, and changes nothing', async () => {
  const site = await waiting();
  await site.clock.advance(HOUR);
  const { writes } = site.disk;
  const { effects } = site.simulated;
  await site.clock.advance(6 * HOUR);
  expect(site.disk.writes).toBe(writes);
  expect(site.simulated.effects).toBe(effects);
  await site.stop();
});

test('Without a link, the change is applied when the window opens, by a clock that was trusted before', async () => {
  const site = await waiting();
  site.repo.linkUp = false;
  await site.until(1, 59);
  expect(site.runs()).toBe('db:1 web:1');
  await site.until(2, 1);
  // The image was not here, and the registry is another link.
  expect(await site.became('db:1 web:2', 30 * MINUTE)).toBe(true);
  await site.stop();
});

test('With requireContact, a site without a link waits until Git has answered', async () => {
  const site = await waiting([{ ...NIGHT, requireContact: true }]);
  site.repo.linkUp = false;
  await site.until(2, 30);
  expect(site.runs()).toBe('db:1 web:1');
  expect(site.log.join('\n')).toContain('the sync window is open and asks for contact with Git first');
  site.repo.linkUp = true;
  expect(await site.became('db:1 web:2', 30 * MINUTE)).toBe(true);
  await site.stop();
});

test('With requireContact, a revert gets there before the change that waited', async () => {
  const site = await waiting([{ ...NIGHT, requireContact: true }]);
  site.repo.linkUp = false;
  site.repo.commit(repoOf({ web: 'web:1', db: 'db:1' }, [{ ...NIGHT, requireContact: true }]));
  await site.until(2, 30);
  let isSeen = false;
  site.clock.onStep = () => {
    isSeen ||= site.runs().includes('web:2');
  };
  site.repo.linkUp = true;
  await site.until(3, 30);
  expect(isSeen).toBe(false);
  expect(site.runs()).toBe('db:1 web:1');
  await site.stop();
});

test.each([
  ['1970', 0],
  ['2099', Date.UTC(2099, 0, 1, 2, 30)],
])('A site whose clock says %s changes nothing until its clock is right, and heals meanwhile', async (_, shows) => {
  const site = await waiting([NIGHT], { shows });
  expect(site.log.join('\n')).toContain('sync windows count as closed, as the clock is not within 10 minutes');
  for (let hour = 0; hour < 24; hour++) {
    await site.clock.advance(HOUR);
    expect(site.runs()).toBe('db:1 web:1');
  }
  site.killWeb();
  expect(await site.became('db:1 web:1', MINUTE)).toBe(true);
  site.clock.setWall(new Date(NOON + site.clock.monotonic()));
  expect(await site.became('db:1 web:2', 24 * HOUR)).toBe(true);
  const hour = new Date(site.clock.wall()).getUTCHours() + 1;
  expect(hour).toBe(2);
  await site.stop();
});

test('A site that cannot know the time, and of which Git says that windows are open then, follows at once', async () => {
  const site = world({ tellsTime: false });
  site.repo.commit(repoOf({ web: 'web:1', db: 'db:1' }, [NIGHT], { onUnknownTime: 'open' }));
  await site.start();
  expect(await site.became('db:1 web:1', HOUR)).toBe(true);
  await site.stop();
});

test('An agent that is restarted without a link keeps the time, and one on a machine that was rebooted does not', async () => {
  const site = await waiting();
  site.repo.linkUp = false;
  await site.clock.advance(HOUR);
  site.clock.setWall(new Date(0));
  await site.restart();
  await site.until(1, 59);
  expect(site.runs()).toBe('db:1 web:1');
  await site.until(2, 10);
  expect(site.runs()).toBe('db:1 web:2');
  await site.stop();

  const other = await waiting();
  other.repo.linkUp = false;
  await other.until(2, -30);
  await other.reboot(0);
  await other.until(3, 30);
  expect(other.runs()).toBe('db:1 web:1');
  await other.stop();
});

test('When the window closes, the replacement that has begun is finished, and the next one waits for the next night', async () => {
  const site = await waiting();
  await site.until(3);
  expect(site.runs()).toBe('db:1 web:2');
  await site.until(3, 59);
  site.repo.commit(repoOf({ web: 'web:3', db: 'db:2' }, [NIGHT]));
  await site.clock.advance(MINUTE / 2);
  site.sync();
  // The old container takes until after four o'clock to stop, and db depends on it.
  await site.until(4, 0);
  expect(site.runs()).not.toContain('web:3');
  await site.until(4, 5);
  expect(site.runs()).toBe('db:1 web:3');
  const { effects } = site.simulated;
  await site.until(25, 59);
  expect(site.runs()).toBe('db:1 web:3');
  expect(site.simulated.effects).toBe(effects);
  await site.until(26, 5);
  expect(site.runs()).toBe('db:2 web:3');
  await site.stop();
});

test('An agent that is killed at any moment of a change finishes it after the window, and begins none then', async () => {
  for (let deaths = 0; deaths < 8; deaths++) {
    const site = await waiting();
    await site.until(3, 59);
    site.repo.commit(repoOf({ web: 'web:3', db: 'db:2' }, [NIGHT]));
    site.repo.linkUp = false;
    await site.until(3, 59);
    site.repo.linkUp = true;
    await site.clock.advance(20_000);
    site.sync();
    await site.clock.advance(deaths * 5_000);
    await site.killAgent();
    await site.until(4, 10);
    const after = site.runs();
    expect(['db:1 web:2', 'db:1 web:3']).toContain(after);
    await site.until(25, 59);
    expect(site.runs()).toBe(after);
    await site.until(26, 10);
    expect(site.runs()).toBe('db:2 web:3');
    await site.stop();
  }
});

test('In three days and nights of commits, kills and lost links, a container changes its image in the window alone', async () => {
  for (const seed of SEEDS) {
    const random = seededRandom(seed);
    const site = await waiting();
    let before = '';
    const wrong: string[] = [];
    site.clock.onStep = () => {
      const hour = new Date(NOON + site.clock.monotonic()).getUTCHours() + 1;
      const minute = new Date(NOON + site.clock.monotonic()).getUTCMinutes();
      // A replacement that began before four o'clock may take a minute and a little more.
      const isOpen = hour === 2 || hour === 3 || (hour === 4 && minute < 3);
      const now = site.images();
      if (!isOpen && before !== '' && now !== before)
        wrong.push(`seed ${seed}: ${before} became ${now} at ${hour}:${minute}`);
      before = now;
    };
    let last = { web: 'web:2', db: 'db:1' };
    for (let step = 0; step < 40; step++) {
      await site.clock.advance(random.between(5, 200) * MINUTE);
      const what = random.next();
      if (what < 0.3) {
        last = { web: random.pick(['web:1', 'web:2', 'web:3']), db: random.pick(['db:1', 'db:2']) };
        site.repo.commit(repoOf(last, [NIGHT]));
        site.sync();
      } else if (what < 0.5) site.killWeb();
      else if (what < 0.65) await site.killAgent();
      else if (what < 0.75) await site.restart();
      else if (what < 0.85) site.repo.linkUp = !site.repo.linkUp;
      else if (what < 0.9) await site.clock.advance(random.between(1, 60) * 1_000);
    }
    site.repo.linkUp = true;
    expect(await site.became(`${last.db} ${last.web}`, 3 * 24 * HOUR)).toBe(true);
    expect(wrong).toEqual([]);
    await site.stop();
  }
});
