import { expect, test } from '@jest/globals';
import { openSightings } from '../../../../src/agent/staging/sightings.ts';
import type { Disk } from '../../../../src/lib/disk.ts';

const HOUR = 3_600_000;
const day = { step: 3, of: 3, after: 24 * HOUR } as const;

/** Lives of one site: the disk stays, monotonic time begins at zero, and the wall clock is trusted where it has a value. */
function site() {
  const files = new Map<string, Uint8Array>();
  let writes = 0;
  const disk = {
    read: async (path: string) => files.get(path),
    write: async (path: string, content: Uint8Array | string) => {
      writes += 1;
      files.set(path, Buffer.from(content));
    },
  } as unknown as Disk;
  const time = { now: 0, wall: undefined as number | undefined };
  return {
    files,
    time,
    writes: () => writes,
    live: async () => {
      time.now = 0;
      return openSightings({
        disk,
        path: '/steps.json',
        clock: { monotonic: () => time.now },
        trustedWall: () => time.wall,
      });
    },
  };
}

test('a change waits by the time that the agent has run, and the time that it was off does not count', async () => {
  const { time, live } = site();
  const { sightings } = await live();
  time.now = HOUR;
  sightings.see('pos', 'one');
  time.now = 5 * HOUR;
  expect(sightings.wait('pos', day)).toBe(20 * HOUR);
  await sightings.save();
  const { sightings: next } = await live();
  expect(next.wait('pos', day)).toBe(20 * HOUR);
  time.now = 20 * HOUR;
  expect(next.wait('pos', day)).toBe(0);
});

test('a trusted wall clock counts the time that the agent was off, and one that lies counts nothing', async () => {
  const { time, live } = site();
  time.wall = Date.UTC(2026, 0, 1);
  const { sightings } = await live();
  sightings.see('pos', 'one');
  await sightings.save();
  const { sightings: next } = await live();
  time.wall += 23 * HOUR;
  expect(next.wait('pos', day)).toBe(HOUR);
  // No longer trusted: the time that the agent has run counts.
  time.wall = undefined;
  expect(next.wait('pos', day)).toBe(24 * HOUR);
  time.wall = Date.UTC(2025, 0, 1);
  expect(next.wait('pos', day)).toBe(24 * HOUR);
});

test('the same change goes on waiting, another one begins again, and a promotion is not a time', async () => {
  const { time, live } = site();
  const { sightings } = await live();
  sightings.see('pos', 'one');
  time.now = 10 * HOUR;
  sightings.see('pos', 'one');
  expect(sightings.wait('pos', day)).toBe(14 * HOUR);
  sightings.see('pos', 'two');
  expect(sightings.wait('pos', day)).toBe(24 * HOUR);
  expect(sightings.wait('pos', { ...day, after: 'promotion' })).toBe(Number.POSITIVE_INFINITY);
  expect(sightings.wait('pos', undefined)).toBe(0);
});

test('nothing is written while nothing waits, and little while something does', async () => {
  const { time, live, writes } = site();
  const { sightings } = await live();
  await sightings.save();
  time.now = 10 * HOUR;
  await sightings.save();
  expect(writes()).toBe(0);
  sightings.see('pos', 'one');
  for (let poll = 0; poll < 60; poll++) {
    time.now += 60_000;
    await sightings.save();
  }
  expect(writes()).toBeLessThanOrEqual(5);
});

test('a damaged file is told, and its changes begin to wait again', async () => {
  const { files, live } = site();
  files.set('/steps.json', Buffer.from('{"version":1'));
  const { sightings, problem } = await live();
  expect(problem).toBe('/steps.json is damaged: changes that wait begin to wait again');
  expect(sightings.wait('pos', day)).toBe(24 * HOUR);
});
