import { expect, test } from '@jest/globals';
import { cgroupFinding } from '../../../../src/cli/doctor/checks/engine.ts';
import { spaceFinding, unwritable } from '../../../../src/cli/doctor/checks/folders.ts';
import { imagesFinding } from '../../../../src/cli/doctor/checks/images.ts';
import { clockFinding } from '../../../../src/cli/doctor/checks/repo.ts';
import { type Check, examine } from '../../../../src/cli/doctor/examine.ts';
import { ok } from '../../../../src/cli/doctor/finding.ts';
import { findingLines } from '../../../../src/cli/doctor/lines.ts';
import type { Subject } from '../../../../src/cli/doctor/subject.ts';
import { SourceError } from '../../../../src/lib/errors.ts';
import { plain } from '../../../../src/lib/text/line.ts';

const MIB = 1024 ** 2;
const HOUR = 3_600_000;

test.each([
  [10 * MIB, false, 'problem', 'only 10 MiB are free'],
  [100 * MIB, false, 'warning', 'only 100 MiB are free'],
  [600 * MIB, false, 'ok', '600 MiB are free'],
  [600 * MIB, true, 'problem', 'takes no more files'],
])('a disk with %d bytes (no files left: %s) is: %s', (free, noFiles, level, words) => {
  const found = spaceFinding('/state', { free, noFiles, isThere: true });
  expect(found).toMatchObject({ level, message: expect.stringContaining(words) });
});

test('a folder on a read-only disk, and one of another user, have different advice', () => {
  expect(unwritable('/s', '/s', 'EROFS', '--state-dir')).toMatchObject({
    message: '/s cannot be written to: its disk is read-only',
    todo: expect.stringContaining('dmesg'),
  });
  expect(unwritable('/s/a', '/s', 'EACCES', '--state-dir')).toMatchObject({
    message: '/s/a cannot be written to: /s refuses this user (EACCES)',
    todo: expect.stringContaining('--state-dir'),
  });
});

test.each([
  [0, 'ok', 'agrees'],
  [-5 * 60_000, 'ok', 'agrees'],
  [2 * HOUR, 'problem', '2 h ahead of'],
  [-2 * HOUR, 'problem', '2 h behind'],
])('a clock that is off by %d ms is: %s', (off, level, words) => {
  const found = clockFinding({ server: 1e12, here: 1e12 + off });
  expect(found).toMatchObject({ level, message: expect.stringContaining(words) });
});

test('an engine without memory limits is a warning that names the kernel option', () => {
  const can = { unreported: ['Memory'] } as unknown as Parameters<typeof cgroupFinding>[0]['can'];
  expect(cgroupFinding({ product: 'Docker', can })).toMatchObject({
    level: 'warning',
    todo: expect.stringContaining('cgroup_enable=memory'),
  });
});

test('an image that no registry gives is a problem; one that is on the disk is a warning', () => {
  const failures = new Map([
    ['a:1', new SourceError('auth', 'asks for credentials')],
    ['b:1', new SourceError('unreachable', 'is away')],
  ]);
  expect(imagesFinding(failures, new Set(['b:1']))).toEqual({
    level: 'problem',
    message: 'images are neither on the disk nor to be had: a:1: asks for credentials',
    todo: 'run `docker login REGISTRY` with the DOCKER_CONFIG of the agent',
  });
  expect(imagesFinding(failures, new Set(['a:1', 'b:1']))).toMatchObject({ level: 'warning' });
});

test('a check that throws, or never ends, is a problem with advice, and the others have their lines', async () => {
  let aborted = false;
  const checks: Check[] = [
    { name: 'throws', todo: 'mend it', run: () => Promise.reject(new Error('broken')) },
    {
      name: 'hangs',
      todo: 'restart it',
      run: (_, signal) => {
        signal.addEventListener('abort', () => {
          aborted = true;
        });
        return new Promise(() => {});
      },
    },
    { name: 'well', todo: '', run: async () => ok('it is well\u001b[2J') },
  ];
  const found = await examine(checks, {} as Subject, 50);
  expect(found.map(({ check, level }) => [check, level])).toEqual([
    ['throws', 'problem'],
    ['hangs', 'problem'],
    ['well', 'ok'],
  ]);
  expect(aborted).toBe(true);
  expect(findingLines(found, plain).map(({ sent }) => sent)).toEqual([
    'problem  throws  broken',
    '                 -> mend it',
    'problem  hangs   there was no answer within 0.05 s',
    '                 -> restart it',
    'ok       well    it is well\\x1b[2J',
    '',
    '2 problems',
  ]);
});
