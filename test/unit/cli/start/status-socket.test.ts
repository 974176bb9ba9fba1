import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { askStatus, serveStatus, statusSocket } from '../../../../src/cli/agent/status-socket.ts';
import type { SiteStatus } from '../../../../src/model/site-status.ts';

const STATUS = { site: 'here', apps: [] } as unknown as SiteStatus;
let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'hf-status-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

test('the agent answers at a socket that only its user can open', async () => {
  const end = await serveStatus(statusSocket(dir), () => STATUS);
  expect((await stat(statusSocket(dir))).mode & 0o777).toBe(0o600);
  expect(await askStatus(dir)).toEqual(STATUS);
  end();
});

test('a socket that a killed agent left is taken over, and that of a living one is not', async () => {
  const first = await serveStatus(statusSocket(dir), () => STATUS);
  await expect(serveStatus(statusSocket(dir), () => STATUS)).rejects.toThrow('another agent uses');
  expect(await askStatus(dir)).toEqual(STATUS);
  first();
  const left = createServer();
  await new Promise<void>((resolve) => void left.listen(join(dir, 'other.sock'), resolve));
  await new Promise<unknown>((resolve) => void left.close(resolve));
  const second = await serveStatus(statusSocket(dir), () => STATUS);
  expect(await askStatus(dir)).toEqual(STATUS);
  second();
});

test('a file of somebody at that place is not removed', async () => {
  await writeFile(statusSocket(dir), 'mine');
  await expect(serveStatus(statusSocket(dir), () => STATUS)).rejects.toThrow('EADDRINUSE');
  expect((await stat(statusSocket(dir))).size).toBe(4);
});

test('where no agent answers, one sentence says so and what to do', async () => {
  await expect(askStatus(dir)).rejects.toThrow(`no agent answers at ${statusSocket(dir)}: there is no such socket`);
});

test('an agent of another version, and an answer without an end, are errors', async () => {
  const { createServer: serve } = await import('node:http');
  const old = serve((_, answer) => void answer.writeHead(404).end());
  await new Promise<void>((resolve) => void old.listen(statusSocket(dir), resolve));
  await expect(askStatus(dir)).rejects.toThrow('it answers with 404, as one of another version');
  old.close();
});
