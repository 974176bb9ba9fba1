import { describe, expect, test } from '@jest/globals';
import { seededRandom } from '../../sim/world/random.ts';
import { VirtualClock } from '../../sim/world/virtual-clock.ts';

const newClock = (): VirtualClock => new VirtualClock(seededRandom(1));

describe('the virtual clock', () => {
  test('fires timers in order of their moment, then of their setting', async () => {
    const clock = newClock();
    const fired: string[] = [];
    for (const [name, ms] of [
      ['c', 30],
      ['a', 10],
      ['b1', 20],
      ['b2', 20],
    ] as const) {
      clock.timer(ms, () => fired.push(`${name}@${clock.monotonic()}`));
    }
    await clock.advance(25);
    expect(fired).toEqual(['a@10', 'b1@20', 'b2@20']);
    expect(clock.monotonic()).toBe(25);
    await clock.advance(5);
    expect(fired.at(-1)).toBe('c@30');
  });

  test('lets promises settle before the next timer fires', async () => {
    const clock = newClock();
    const order: string[] = [];
    clock.timer(1, () => {
      void (async () => {
        for (let turn = 0; turn < 50; turn += 1) await Promise.resolve();
        order.push('promise');
      })();
    });
    clock.timer(1, () => order.push('second timer'));
    await clock.advance(2);
    expect(order).toEqual(['promise', 'second timer']);
  });

  test('does not fire what was cancelled', async () => {
    const clock = newClock();
    let fired = 0;
    const cancel = clock.timer(5, () => {
      fired += 1;
    });
    clock.timer(5, () => {
      fired += 10;
    });
    cancel();
    await clock.advance(10);
    expect(fired).toBe(10);
  });

  test('a jump of the wall clock leaves monotonic time alone', async () => {
    const clock = newClock();
    await clock.advance(1000);
    clock.setWall(new Date(0));
    await clock.advance(500);
    expect(clock.monotonic()).toBe(1500);
    expect(clock.wall().getTime()).toBe(500);
  });

  test('fires ten thousand timers of random moments in order', async () => {
    const clock = newClock();
    const random = seededRandom(7);
    let last = 0;
    let count = 0;
    for (let index = 0; index < 10_000; index += 1) {
      clock.timer(random.between(0, 1000), () => {
        expect(clock.monotonic()).toBeGreaterThanOrEqual(last);
        last = clock.monotonic();
        count += 1;
      });
    }
    await clock.advance(1000);
    expect(count).toBe(10_000);
  });
});

describe('seeded chance', () => {
  test('repeats for one seed and differs between neighbours', () => {
    const draw = (seed: number): number[] => {
      const random = seededRandom(seed);
      return [random.next(), random.next(), random.fork('x').next()];
    };
    expect(draw(5)).toEqual(draw(5));
    const [five, six] = [draw(5), draw(6)];
    for (const [index, value] of five.entries()) expect(value).not.toBe(six[index]);
    expect(seededRandom(5).fork('x').next()).not.toBe(seededRandom(5).fork('y').next());
  });
});
