import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { until } from '../../../scripts/machine/processes.ts';
import { keepAlive } from '../../../src/cli/agent/alive-file.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'holdfast-alive-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

/** A clock whose timer fires when it is told to. */
function handClock() {
  let due: (() => void) | undefined;
  return {
    timer(_ms: number, callback: () => void) {
      due = callback;
      return () => {
        due = undefined;
      };
    },
    fire: () => due?.(),
  };
}

test('the file is there at once, is written again as time goes by, and no more after the end', async () => {
  const clock = handClock();
  const path = join(dir, 'alive');
  const stop = await keepAlive(path, clock);
  expect(await readFile(path, 'utf8')).toBe(`${process.pid}\n`);

  await rm(path);
  clock.fire();
  expect(
    await until(
      () =>
        readFile(path).then(
          () => true,
          () => false,
        ),
      5000,
    ),
  ).toBe(true);

  stop();
  await rm(path);
  clock.fire();
  await expect(readFile(path)).rejects.toThrow('ENOENT');
});

test('a folder that is not there is said at the start', async () => {
  await expect(keepAlive(join(dir, 'nowhere', 'alive'), handClock())).rejects.toMatchObject({ code: 'ENOENT' });
});
