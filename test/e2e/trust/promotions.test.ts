import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { shortRevision } from '../../../src/lib/text/revision.ts';
import type { GitRepo } from '../../support/git/git-repo.ts';
import { type GitServer, startGitServer } from '../../support/git/git-server.ts';
import { signedCommit } from '../../support/git/signed-repo.ts';
import { type KeyPair, sshKeyPair } from '../../support/git/signing.ts';
import { holdfast } from '../../support/program/holdfast-process.ts';
import { trustingSite } from '../../support/site/trusting-site.ts';

jest.setTimeout(60_000);

let dir: string;
let server: GitServer;
let repo: GitRepo;
let ada: KeyPair;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'hf-promote-'));
  server = await startGitServer();
  repo = await server.repo('fleet');
  ada = await sshKeyPair(dir, 'ada');
});
afterAll(async () => {
  await server.close();
  await rm(dir, { recursive: true, force: true });
});

const document = (kind: string, spec: object = {}): string => JSON.stringify({ apiVersion: 'holdfast/v1', kind, spec });
const files = (image: string) => ({
  'fleet.yaml': document('Fleet', { rollout: { steps: [{ percent: 100, after: 'promotion' }] } }),
  'sites/here.yaml': document('Site'),
  'apps/pos/app.yaml': document('Application'),
  'apps/pos/compose.yaml': `services: { web: { image: "${image}" } }\n`,
});

test('a change waits for its promotion, which is signed on a laptop and sent to the Git server', async () => {
  const trust = JSON.stringify({
    apiVersion: 'holdfast/v1',
    kind: 'Trust',
    spec: { signers: [{ name: 'ada', ssh: [ada.line] }] },
  });
  await writeFile(join(dir, 'trust.yaml'), trust);
  const site = await trustingSite(repo, trust);
  const first = await signedCommit(repo, files('pos:1'), { by: ada });
  await site.poll();
  const second = await signedCommit(repo, files('pos:2'), { by: ada });
  await site.poll();
  expect(site.lines().join('\n')).toMatch(
    /the change of pos waits for step 1 of 1: it begins when a promotion opens the step/,
  );
  const promote = await holdfast([
    'promote',
    'pos',
    '1',
    '--folder',
    repo.dir,
    '--revision',
    'main',
    '--key',
    ada.file,
  ]);
  expect(promote).toMatchObject({ code: 0, stderr: '' });
  // It says how it is sent.
  expect(promote.stdout).toContain('git push REMOTE +refs/holdfast/rollout/main/pos:refs/holdfast/rollout/main/pos');
  expect(promote.stdout).toMatch(
    new RegExp(`^promotion \\d+ of pos at ${shortRevision(second)}: step 1 is open, until `),
  );
  expect(first).not.toBe(second);
  await site.poll();
  expect(site.lines().join('\n')).toMatch(/the change of pos begins/);
  await site.close();
});

test('wrong words are refused with what to do', async () => {
  expect(await holdfast(['promote', 'pos', '--key', ada.file])).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/name the app and the number of the step, as `holdfast promote pos 2`/),
  });
  expect(await holdfast(['hold', '--key', ada.file])).toMatchObject({ code: 2 });
  expect(await holdfast(['hold', 'Not/An/App', '--key', ada.file, '--folder', repo.dir])).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/cannot be the name of an app/),
  });
});
