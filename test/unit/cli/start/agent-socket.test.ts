import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import {
  type AgentAnswers,
  agentSocket,
  askHistory,
  askStatus,
  askSync,
  serveAgent,
} from '../../../../src/cli/agent/agent-socket.ts';
import type { SiteStatus } from '../../../../src/model/status/site-status.ts';

const STATUS = { site: 'here', apps: [] } as unknown as SiteStatus;
const ANSWERS: AgentAnswers = {
  status: () => STATUS,
  history: () => ({ site: 'here', asOf: '', entries: [] }),
  sync: async (app) => ({ git: { is: 'done' }, engine: { is: 'failed', text: `asked for ${app}` }, status: STATUS }),
};
let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'hf-status-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

test('the agent answers at a socket that only its user can open', async () => {
  const end = await serveAgent(agentSocket(dir), ANSWERS);
  expect((await stat(agentSocket(dir))).mode & 0o777).toBe(0o600);
  expect(await askStatus(dir)).toEqual(STATUS);
  end();
});

test('a socket that a killed agent left is taken over, and that of a living one is not', async () => {
  const first = await serveAgent(agentSocket(dir), ANSWERS);
  await expect(serveAgent(agentSocket(dir), ANSWERS)).rejects.toThrow('another agent uses');
  expect(await askStatus(dir)).toEqual(STATUS);
  first();
  const left = createServer();
  await new Promise<void>((resolve) => void left.listen(join(dir, 'other.sock'), resolve));
  await new Promise<unknown>((resolve) => void left.close(resolve));
  const second = await serveAgent(agentSocket(dir), ANSWERS);
  expect(await askStatus(dir)).toEqual(STATUS);
  second();
});

test('a file of somebody at that place is not removed', async () => {
  await writeFile(agentSocket(dir), 'mine');
  await expect(serveAgent(agentSocket(dir), ANSWERS)).rejects.toThrow('EADDRINUSE');
  expect((await stat(agentSocket(dir))).size).toBe(4);
});

test('where no agent answers, one sentence says so and what to do', async () => {
  await expect(askStatus(dir)).rejects.toThrow(`no agent answers at ${agentSocket(dir)}: there is no such socket`);
});

test('an agent of another version, and an answer without an end, are errors', async () => {
  const { createServer: serve } = await import('node:http');
  const old = serve((_, answer) => void answer.writeHead(404).end());
  await new Promise<void>((resolve) => void old.listen(agentSocket(dir), resolve));
  await expect(askStatus(dir)).rejects.toThrow('it answers with 404, as one of another version');
  old.close();
});

test('the history is asked at the same socket', async () => {
  const end = await serveAgent(agentSocket(dir), ANSWERS);
  expect(await askHistory(dir)).toEqual(ANSWERS.history());
  end();
});

test('a sync names the app, and only a POST syncs', async () => {
  const end = await serveAgent(agentSocket(dir), ANSWERS);
  expect(await askSync(dir, 'a b&c')).toMatchObject({ engine: { text: 'asked for a b&c' } });
  expect(await askSync(dir, undefined)).toMatchObject({ engine: { text: 'asked for undefined' } });
  const { request } = await import('node:http');
  const code = await new Promise((resolve) =>
    request({ socketPath: agentSocket(dir), path: '/v1/sync' }, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    }).end(),
  );
  expect(code).toBe(405);
  end();
});

test('an answer that cannot be made is an error, and ends no agent', async () => {
  const broken = { ...ANSWERS, sync: () => Promise.reject(new Error('no')) };
  const end = await serveAgent(agentSocket(dir), broken);
  await expect(askSync(dir, undefined)).rejects.toThrow('it answers with 500');
  expect(await askStatus(dir)).toEqual(STATUS);
  end();
});
