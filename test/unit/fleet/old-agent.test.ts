import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { run } from '../../../src/cli/program.ts';
import type { BuiltProgram } from '../../support/program/built-program.ts';
import { releasedProgram } from '../../support/program/release.ts';
import { captureWritten, written } from '../../support/program/written.ts';
import { configFolder } from '../../support/site/config-folder.ts';

captureWritten();

/** The program of the first release, beside repos that use keys of later ones. */
let old: BuiltProgram;
beforeAll(async () => {
  old = await releasedProgram('0.1.0');
});
afterAll(() => old.remove());

const exec = promisify(execFile);

async function oldHoldfast(...words: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const args = [join(old.dir, 'holdfast.js'), ...words];
  const env = { ...process.env, HOME: old.dir, XDG_CACHE_HOME: old.dir, NODE_OPTIONS: '' };
  return exec(process.execPath, args, { env }).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    ({ code, stdout, stderr }) => ({ code, stdout, stderr }),
  );
}

const document = (kind: string, spec: object = {}): string =>
  JSON.stringify({ apiVersion: 'holdfast/v1', kind, spec }, null, 1);
const REPO = {
  'fleet.yaml': document('Fleet', { syncPolicy: {} }),
  'sites/a.yaml': document('Site'),
  'apps/web/app.yaml': document('Application'),
  'apps/web/compose.yaml': 'services: { s: { image: nginx } }\n',
  'apps/new/app.yaml': document('Application'),
  'apps/new/compose.yaml': 'services: { s: { image: nginx } }\n',
};

test.each([
  ['apps/new/app.yaml', document('Application', { syncWindows: [] })],
  ['apps/new/app.yaml', document('Application', { dependsOn: ['web'] })],
  ['apps/new/app.yaml', document('Application', { rollout: { steps: [{ percent: 100 }] } })],
  ['apps/new/compose.yaml', 'services: { s: { image: nginx, x-holdfast: { ignoreAdvice: [] } } }\n'],
  [
    'apps/new/compose.yaml',
    'services: { s: { image: nginx }, h: { image: nginx, profiles: [hooks], x-holdfast: { hook: PreSync } } }\n',
  ],
])('an old agent refuses a new key in %s for that app alone, and validate says so before', async (file, text) => {
  const folder = await configFolder({ ...REPO, [file]: text });
  try {
    const { code, stdout, stderr } = await oldHoldfast('render', folder.dir);
    expect([code, stderr]).toEqual([2, expect.stringContaining(`new: ${file}:`)]);
    expect(stdout).toContain('name: web');
    expect(stdout).not.toContain('name: new');
    expect(await run(['validate', folder.dir])).toBe(2);
    expect(written).toContain('came with 0.2.0, and agents of 0.1.0 refuse it');
  } finally {
    await folder.remove();
  }
});

test.each([
  ['fleet.yaml', document('Fleet', { defaults: { pids: 9 } })],
  ['fleet.yaml', document('Fleet', { oldestAgent: '0.1.0' })],
  ['sites/a.yaml', document('Site', { suspend: true })],
])('an old agent refuses a whole commit with a new key in %s, and validate says so before', async (file, text) => {
  const folder = await configFolder({ ...REPO, [file]: text });
  try {
    const { code, stdout, stderr } = await oldHoldfast('render', folder.dir, '--site', 'a');
    expect([code, stdout, stderr]).toEqual([2, '', expect.stringMatching(/unknown key `\w+` in spec/)]);
    expect(await run(['validate', folder.dir])).toBe(2);
    expect(written).toContain('came with 0.2.0, and agents of 0.1.0 refuse it');
  } finally {
    await folder.remove();
  }
});
