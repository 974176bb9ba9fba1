import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { readValues } from '../../../src/cli/repo/desired.ts';
import { hiding } from '../../../src/compose/private-values/hide-values.ts';
import { problemsOf, serviceProblems } from './support.ts';

const options = { localValues: { TOKEN: 'hunter2', OTHER: 'pass:word12', BOTH: 'hunter2-and-more' } };

describe('a value of the site’s own file is shown as it is written', () => {
  test.each([
    [
      'volumes: ["${TOKEN}:/x"]',
      'compose.yaml:4:15: there is no volume ${TOKEN} (declare it under volumes at the top level)',
    ],
    [
      'networks: ["${TOKEN}"]',
      'compose.yaml:4:16: there is no network ${TOKEN} (declare it under networks at the top level)',
    ],
    [
      'depends_on: ["${TOKEN}"]',
      'compose.yaml:4:18: there is no service ${TOKEN} (declare it under services at the top level)',
    ],
    [
      'volumes: ["${OTHER}:/x"]',
      'compose.yaml:4:15: the target of "${OTHER}:/x" must be an absolute path in the container',
    ],
    ['env_file: "${BOTH}"', 'compose.yaml:4:15: Git has no such env_file (set required: false if it may be missing)'],
    ['tmpfs: ["/${TOKEN}:a=1", "/${TOKEN}:b=1"]', 'compose.yaml:4:12: tmpfs mounts /${TOKEN} twice'],
  ])('%s', async (keys, message) => {
    expect(await serviceProblems(keys, { options })).toBe(message);
  });

  test('the environment of --env is hidden, too', async () => {
    expect(
      await serviceProblems('volumes: ["${TOKEN}:/x"]', { options: { environment: { TOKEN: 'hunter2' } } }),
    ).toContain('there is no volume ${TOKEN}');
  });
});

test('short values are hidden only as separate words, and common words never', () => {
  const hide = hiding(new Map(Object.entries({ A: 'abc', B: 'true', C: 'x' })));
  expect(hide('abc is not abcd, and true is x')).toBe('${A} is not abcd, and true is x');
});

describe('problems of the values file itself', () => {
  test.each([
    ['TOKEN: *hunter2\n', '1:8'],
    ['TOKEN: !hunter2 x\n', '1:8'],
    ['A: 1\nTOKEN: "hunter2\n', ''],
    ['TOKEN: hunter2: x\n', '1'],
    ['TOKEN: [hunter2]\n', '1:8'],
    ['hunter2: 1\nhunter2: 2\n', '2:1'],
    ['TOKEN: 2024-01-01\n', '1:8'],
    ['- hunter2\n', '1:1'],
    ['TOKEN: !!int hunter2\n', '1:14'],
    ['TOKEN: %hunter2\n', '1:8'],
  ])('is told by its place alone: %j', async (text, place) => {
    const folder = await mkdtemp(join(tmpdir(), 'values-'));
    const path = join(folder, 'values.yaml');
    await writeFile(path, text);
    const message = await problemsOf(readValues(path));
    await rm(folder, { recursive: true });
    expect(message).toContain(`${path}:${place}`);
    expect(message).not.toMatch(/hunter2|2024/);
  });
});
