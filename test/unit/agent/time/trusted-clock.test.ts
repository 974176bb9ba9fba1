import { expect, test } from '@jest/globals';
import { createTimeStore, type TrustedTime } from '../../../../src/agent/time/time-store.ts';
import { createTrustedClock, type TimeEvidence } from '../../../../src/agent/time/trusted-clock.ts';
import type { Beacon } from '../../../../src/trust/beacon.ts';
import { seededRandom } from '../../../sim/world/random.ts';
import { SimulatedDisk } from '../../../sim/world/simulated-disk.ts';
import { VirtualClock } from '../../../sim/world/virtual-clock.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const START = Date.UTC(2026, 5, 1);
const silent = { debug() {}, info() {}, warn() {}, error() {} };

/** A machine that outlives its agents. `wall`: the time that its clock shows at the start. */
function machine(wall = START) {
  const random = seededRandom(3);
  const clock = new VirtualClock(random, wall);
  const disk = new SimulatedDisk(clock, random.fork('disk'));
  let run = 1;
  let bootedAt = 0;
  let beacon: Beacon | undefined;
  let synced = false;
  /** One life of the agent. */
  const live = async () => {
    const store = createTimeStore(disk, '/state/time.json');
    const { stored, problem } = await clock.finish(store.load());
    let tell: (date: number) => void = () => {};
    const evidence: TimeEvidence = {
      onDate: (listener) => {
        tell = listener;
      },
      isSynced: async () => synced,
      boot: { id: `run ${run}`, uptime: () => clock.monotonic() - bootedAt },
    };
    const trusted = createTrustedClock({ clock, log: silent, store, evidence, stored, beacon: () => beacon });
    return {
      problem,
      stored,
      answer: (date: number) => tell(date),
      read: () => clock.finish(trusted.read()),
    };
  };
  return {
    clock,
    disk,
    live,
    reboot: (shows: number) => {
      run += 1;
      bootedAt = clock.monotonic();
      clock.setWall(new Date(shows));
    },
    beacon: (issued: number, expires: number) => {
      beacon = { oid: 'b', commit: 'c', sequence: 1, issued, expires };
    },
    sync: (is: boolean) => {
      synced = is;
    },
  };
}

/** Within a second: the disk takes its time. */
const trustedAt = (wall: number) => ({ wall: expect.closeTo(wall, -3) });

const doubt = expect.stringMatching(/^(the time is not known|the clock is)/);

test('Without evidence the time is not known', async () => {
  const agent = await machine().live();
  expect(await agent.read()).toEqual({ wall: START, doubt: expect.stringContaining('the time is not known') });
});

test('The date of an answer within ten minutes makes the clock trusted, for 30 days of monotonic time', async () => {
  const { clock, live } = machine();
  const agent = await live();
  agent.answer(START + 9 * MINUTE);
  expect(await agent.read()).toEqual(trustedAt(START));
  await clock.advance(30 * DAY - MINUTE);
  expect(await agent.read()).toEqual(trustedAt(START + 30 * DAY - MINUTE));
  await clock.advance(2 * MINUTE);
  expect(await agent.read()).toMatchObject({ doubt });
});

test.each([
  ['1970', 0],
  ['2099', Date.UTC(2099, 0, 1)],
  ['11 minutes late', START - 11 * MINUTE],
])('A clock that says %s is not trusted, and is once it was set', async (_, shows) => {
  const { clock, live } = machine(shows);
  const agent = await live();
  agent.answer(START);
  expect(await agent.read()).toMatchObject({ doubt: expect.stringContaining('not within 10 minutes') });
  clock.setWall(new Date(START));
  expect(await agent.read()).toMatchObject({ doubt });
  agent.answer(START + 1_000);
  expect(await agent.read()).toEqual(trustedAt(START));
});

test('A clock that somebody sets wrong later is carried on by monotonic time', async () => {
  const { clock, live } = machine();
  const agent = await live();
  agent.answer(START);
  await clock.advance(HOUR);
  clock.setWall(new Date(Date.UTC(2099, 0, 1)));
  await clock.advance(HOUR);
  expect(await agent.read()).toEqual(trustedAt(START + 2 * HOUR));
  agent.answer(START + 2 * HOUR);
  expect(await agent.read()).toEqual(trustedAt(START + 2 * HOUR));
});

test('A clock between date and expiry of the newest beacon is trusted, and for 30 days after that', async () => {
  const { clock, live, beacon } = machine();
  beacon(START - HOUR, START + DAY);
  const agent = await live();
  await clock.advance(DAY - HOUR);
  expect(await agent.read()).toEqual(trustedAt(START + DAY - HOUR));
  await clock.advance(29 * DAY);
  expect(await agent.read()).toEqual(trustedAt(START + 30 * DAY - HOUR));
  await clock.advance(2 * DAY);
  expect(await agent.read()).toMatchObject({ doubt });
});

test('A clock outside of the beacon, or behind a trusted time, is not trusted by it', async () => {
  const { live, beacon, reboot } = machine();
  const first = await live();
  first.answer(START);
  await first.read();
  beacon(START - 10 * DAY, START + DAY);
  reboot(START - 5 * DAY);
  const second = await live();
  expect(await second.read()).toMatchObject({ doubt: expect.stringContaining('behind a time that was trusted') });
  reboot(START + 2 * DAY);
  expect(await (await live()).read()).toMatchObject({ doubt });
});

test('While the host says that its clock is right, it is trusted, and no longer', async () => {
  const { live, sync } = machine();
  sync(true);
  const agent = await live();
  expect(await agent.read()).toEqual(trustedAt(START));
  sync(false);
  expect(await agent.read()).toMatchObject({ doubt });
  expect(await (await live()).read()).toMatchObject({ doubt });
});

test('Trust survives a restart of the agent, but not of the machine, whose clock may have stood still', async () => {
  const { clock, live, reboot } = machine();
  const first = await live();
  first.answer(START);
  await first.read();
  await clock.advance(DAY);
  clock.setWall(new Date(0));
  const second = await live();
  expect(await second.read()).toEqual(trustedAt(START + DAY));
  await clock.advance(29 * DAY + HOUR);
  expect(await second.read()).toMatchObject({ doubt });
  reboot(START + 3 * DAY);
  expect(await (await live()).read()).toMatchObject({ doubt });
});

test('An agent that reads the time again and again writes once a week', async () => {
  const { clock, disk, live } = machine();
  const agent = await live();
  for (let hour = 0; hour < 8 * 24; hour++) {
    agent.answer(clock.wall().getTime());
    await agent.read();
    await clock.advance(HOUR);
  }
  expect(disk.writes).toBe(2);
});

test('A damaged file is told, and a file of a newer version stops the agent', async () => {
  const { clock, disk, live } = machine();
  await clock.finish(disk.write('/state/time.json', '{"version":1,"checksum":"x","content":{}}', 0o600));
  expect((await live()).problem).toMatch(/is damaged/);
  const { seal } = await import('../../../../src/agent/state/state-file.ts');
  await clock.finish(disk.write('/state/time.json', seal(2, {} as TrustedTime), 0o600));
  await expect(live()).rejects.toThrow(/a newer Holdfast wrote it/);
});
