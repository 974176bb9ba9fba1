import { expect, test } from '@jest/globals';
import { singleFlight } from '../../../src/agent/follow/single-flight.ts';

const live = new AbortController().signal;

test('calls while the work runs share it, and all calls for another run share the next one', async () => {
  const ends: (() => void)[] = [];
  const flight = singleFlight(() => new Promise((resolve) => void ends.push(resolve)));
  const first = [flight.once(live), flight.once(live)];
  const second = [flight.again(live), flight.again(live)];
  expect(ends).toHaveLength(1);
  ends[0]?.();
  await Promise.all(first);
  await Promise.resolve();
  expect(ends).toHaveLength(2);
  ends[1]?.();
  await Promise.all(second);
  expect(ends).toHaveLength(2);
});

test('another run begins after a run that failed, too', async () => {
  let runs = 0;
  const flight = singleFlight(async () => {
    runs += 1;
    if (runs === 1) throw new Error('no');
  });
  const first = flight.once(live);
  const second = flight.again(live);
  await expect(first).rejects.toThrow('no');
  await second;
  expect(runs).toBe(2);
});
