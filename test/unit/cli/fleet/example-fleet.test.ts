import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { run } from '../../../../src/cli/program.ts';
import { git } from '../../../support/git/clones.ts';
import { captureWritten, forgetWritten, written } from '../../../support/program/written.ts';

jest.setTimeout(120_000);
captureWritten();

const EXAMPLE = 'examples/fleet';
let dir: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'hf-example-fleet-'));
  await cp(EXAMPLE, dir, { recursive: true });
  git(dir, 'init', '-q', '-b', 'main');
  git(dir, 'add', '-A');
  git(dir, 'commit', '-qm', 'Begin');
});
afterAll(() => rm(dir, { recursive: true, force: true }));

/** The exit code and the output of a command, with the file changed in the meantime. */
async function changed(path: string, from: string, to: string, args: string[]): Promise<[number, string]> {
  const file = join(dir, path);
  const before = await readFile(file, 'utf8');
  expect(before).toContain(from);
  await writeFile(file, before.replace(from, to));
  forgetWritten();
  try {
    return [await run(args), written];
  } finally {
    await writeFile(file, before);
  }
}

describe('examples/fleet', () => {
  test('is valid without a key, and each site that runs an app with a secret can decrypt it', async () => {
    forgetWritten();
    expect(await run(['validate', dir])).toBe(0);
    expect(written).toMatch(/\nvalid: 60 sites, 8 apps\n$/);
    expect(written).not.toContain('warning');
    forgetWritten();
    expect(await run(['recipients', dir, '--check'])).toBe(0);
  });

  test('is allowed by its own policy', async () => {
    forgetWritten();
    expect(await run(['diff', '--fleet', dir, '--policy', join(dir, 'policy.yaml')])).toBe(0);
    expect(written).toContain('60 sites, nothing changes');
  });

  test('shows that its policy refuses a container that would be root on the site', async () => {
    const args = ['diff', '--fleet', dir, '--policy', join(dir, 'policy.yaml')];
    const [code, output] = await changed('apps/radio/compose.yaml', 'restart:', 'privileged: true\n    restart:', args);
    expect(code).toBe(2);
    expect(output).toContain(
      "refused: apps/radio/compose.yaml:4:5: the site's policy refuses it (privileged): gateway: privileged: true",
    );
    expect(output).not.toContain('camera');
  });

  test('prints what README.md says', async () => {
    const args = ['diff', '--fleet', dir];
    const [code, output] = await changed('apps/pos/compose.yaml', 'nginx:1.28', 'nginx:1.29', args);
    expect(code).toBe(1);
    const told = output.replace(/\([0-9a-f]{12}\)/, '(COMMIT)').split('\n');
    for (const readme of ['README.md', `${EXAMPLE}/README.md`]) {
      const text = (await readFile(readme, 'utf8')).replace(/\([0-9a-f]{12}\)/, '(COMMIT)');
      const [, after = ''] = text.split('holdfast diff --fleet examples/fleet\n\n');
      const rest = after.split('\n');
      const shown = rest.slice(
        0,
        rest.findIndex((line) => line !== '' && !line.startsWith('    ')),
      );
      const lines = shown.map((line) => line.slice(4)).filter((line) => line !== '' && line.trim() !== '…');
      expect(lines.length).toBeGreaterThan(5);
      for (const line of lines) expect(told).toContain(line);
    }
  });

  test('has tills that come after the cache', async () => {
    const args = ['diff', '--fleet', dir];
    const [code, output] = await changed('apps/pos/app.yaml', '[cache]', '[cache, tax]', args);
    expect(code).toBe(1);
    expect(output).toContain('depends on cache, tax, before: cache; its changes begin once that is done and runs');
    expect(await changed('apps/pos/app.yaml', '[cache]', '[cache, tax]', ['validate', dir])).toEqual([
      2,
      expect.stringMatching(/apps\/pos\/app\.yaml:7:22: pos depends on tax, which is not placed on sites ap\/delhi-1/),
    ]);
  });

  test('explains a value of a site', async () => {
    forgetWritten();
    expect(await run(['explain', '-f', dir, 'eu/lisbon-1', 'pos', 'till.environment'])).toBe(0);
    expect(written).toContain('LOG_LEVEL');
  });
});
