import { SourceError } from '../../../src/lib/errors.ts';
import { pollForever } from '../../../src/source/follow/retry.ts';
import { seededRandom } from '../../sim/world/random.ts';
import { VirtualClock } from '../../sim/world/virtual-clock.ts';
import type { Row } from '../report.ts';

const MINUTE = 60_000;
const INTERVAL = MINUTE;
const BEFORE = 5 * MINUTE;
const OUTAGE = 60 * MINUTE;
const AFTER = 20 * MINUTE;

/**
 * A fleet whose server goes away for an hour and comes back, in virtual time with the agent's own loop of polls: how many requests the server gets in
 * its worst second afterwards, beside the mean of ordinary days. Nothing is measured of a machine, so every run prints the same.
 */
export async function simulateHerd(agents: number): Promise<Row[]> {
  const clock = new VirtualClock(seededRandom(1));
  const stopping: AbortController[] = [];
  const perSecond: number[] = [];
  let isDown = false;
  const poll = async (): Promise<void> => {
    const second = Math.floor(clock.monotonic() / 1000);
    perSecond[second] = (perSecond[second] ?? 0) + 1;
    if (isDown) throw new SourceError('unreachable', 'the server is down');
  };
  const interval = (): number => INTERVAL * (1 + clock.random() / 10);
  for (let agent = 0; agent < agents; agent++) {
    const controller = new AbortController();
    stopping.push(controller);
    // Sites are switched on at any moment.
    clock.timer(
      clock.random() * INTERVAL,
      () => void pollForever(clock, poll, { signal: controller.signal, interval }),
    );
  }
  await clock.advance(BEFORE);
  isDown = true;
  await clock.advance(OUTAGE);
  isDown = false;
  await clock.advance(AFTER);
  for (const controller of stopping) controller.abort();

  const ordinary = perSecond.slice((2 * MINUTE) / 1000, BEFORE / 1000);
  const mean = ordinary.reduce((sum, count) => sum + (count ?? 0), 0) / ordinary.length;
  const peakOf = (from: number, to: number): number =>
    Math.max(...perSecond.slice(from / 1000, to / 1000).map((count) => count ?? 0));
  const back = BEFORE + OUTAGE;
  const row = (what: string, peak: number, aim?: number): Row => ({
    what,
    holdfast: `${peak}/s at most`,
    beside: `${mean.toFixed(0)}/s on ordinary days`,
    ratio: peak / mean,
    ...(aim !== undefined && { aim: { text: `≤ ${aim}x`, isMet: peak <= aim * mean } }),
  });
  return [
    row(`${agents} agents, an ordinary second`, Math.max(...ordinary.map((count) => count ?? 0))),
    row('while the server is down', peakOf(BEFORE, back)),
    row('in the minute after it is back', peakOf(back, back + MINUTE), 2),
    row('in the 20 minutes after', peakOf(back, back + AFTER), 2),
  ];
}
