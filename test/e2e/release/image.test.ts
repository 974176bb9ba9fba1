import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ask, mustAsk, socketOf } from '../../../scripts/machine/engine-http.ts';
import { until } from '../../../scripts/machine/processes.ts';
import { AGENT_FLAGS } from '../../../src/cli/start/agent-process.ts';
import { importBaseImage } from '../../support/engine/base-image.ts';
import { buildAgentImage } from '../../support/engine/build-image.ts';
import { TEST_IMAGE, TEST_IMAGE_2 } from '../../support/engine/images.ts';
import { type GitServer, startGitServer } from '../../support/git/git-server.ts';

const host = process.env.HOLDFAST_TEST_DOCKER ?? '';
const IMAGE = 'holdfast-test/agent:1';
const SITE = 'image-test';
const AGENT = 'hf-image-agent';
const WEB = 'hf-image-web-1';

interface Inspect {
  Id: string;
  Image: string;
  State: { Running: boolean; ExitCode: number; StartedAt: string };
  Config: { Image: string };
}

const inspect = async (name: string): Promise<Inspect | undefined> => {
  const { status, text } = await ask(host, 'GET', `/containers/${name}/json`);
  return status === 200 ? (JSON.parse(text) as Inspect) : undefined;
};

const eventually = async (condition: () => Promise<boolean>): Promise<void> => {
  if (await until(condition, 40_000)) return;
  throw new Error(`it did not come to that; the agent says:\n${await logs()}`);
};

/** A log without a terminal comes in frames, each with a head of eight bytes; for an error message they may stay. */
const logs = async (): Promise<string> => (await ask(host, 'GET', `/containers/${AGENT}/logs?stdout=1&stderr=1`)).text;

const compose = (image: string, greeting: string): Record<string, string> => ({
  'compose.yaml': `name: hf-image\nservices:\n  web:\n    image: ${image}\n    command: stay\n    volumes: ['./greeting.txt:/greeting.txt:ro']\n    restart: always\n`,
  'greeting.txt': greeting,
});

const suite = host ? describe : describe.skip;
suite('the image of the agent', () => {
  let git: GitServer;
  /** At the same path on the host and in the agent's container, as the engine resolves binds on the host. */
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'holdfast-image-'));
    git = await startGitServer();
    await buildAgentImage(host, IMAGE, await importBaseImage(host));
  }, 240_000);

  afterAll(async () => {
    await git?.close();
    for (const name of [AGENT, WEB]) await ask(host, 'DELETE', `/containers/${name}?force=1&v=1`);
    await ask(host, 'DELETE', '/networks/hf-image_default');
    await ask(host, 'DELETE', `/images/${IMAGE}?force=1`);
    const stage = JSON.stringify({ dangling: ['true'], label: ['dev.holdfast.build=stage'] });
    await ask(host, 'POST', `/images/prune?${new URLSearchParams({ filters: stage })}`);
    await rm(folder, { recursive: true, force: true });
  }, 60_000);

  test('starts as the agent, and holds the bundle and nothing that built it', async () => {
    const { Config } = JSON.parse(await mustAsk(host, 'GET', `/images/${IMAGE}/json`));
    expect(Config.Entrypoint).toEqual(['node', ...AGENT_FLAGS, '/opt/holdfast/holdfast.js']);
    expect(Config.Cmd).toEqual(['agent']);
    expect(Object.keys(Config.Volumes)).toEqual(['/var/lib/holdfast']);
    const words = (await runToEnd(['ls', '/opt/holdfast'], '')).split(/\s+/).filter((word) => word !== '');
    expect(words.sort()).toEqual(['THIRD-PARTY-LICENSES.txt', 'chunks', 'holdfast.js', 'package.json']);
    expect(await runToEnd(['ls', '/src'], '')).toBe('');
  });

  test('needs no network and no writable disk to answer', async () => {
    expect(await runToEnd(undefined, '--version')).toMatch(/\d+\.\d+\.\d+\n$/);
  });

  test('as a container with the socket it syncs, updates and heals the site, and leaves itself alone', async () => {
    const repo = await git.repo('fleet');
    await repo.commit(compose(TEST_IMAGE, 'one\n'));
    await mkdir(join(folder, 'apps'));
    await startAgent(repo.url);
    await eventually(async () => (await inspect(WEB))?.State.Running === true);
    const agent = await inspect(AGENT);
    expect(await archived(WEB, '/greeting.txt')).toContain('one\n');

    await repo.commit(compose(TEST_IMAGE_2, 'two\n'));
    await eventually(async () => {
      const web = await inspect(WEB);
      return web?.Config.Image === TEST_IMAGE_2 && web.State.Running;
    });
    expect(await archived(WEB, '/greeting.txt')).toContain('two\n');

    await mustAsk(host, 'DELETE', `/containers/${WEB}?force=1`);
    await eventually(async () => (await inspect(WEB))?.State.Running === true);

    const still = await inspect(AGENT);
    expect([still?.Id, still?.State]).toEqual([agent?.Id, agent?.State]);
  }, 120_000);

  test('ends cleanly when it is told to, and the site keeps running', async () => {
    await mustAsk(host, 'POST', `/containers/${AGENT}/stop?t=20`);
    const agent = await inspect(AGENT);
    expect([agent?.State.Running, agent?.State.ExitCode]).toEqual([false, 0]);
    expect((await inspect(WEB))?.State.Running).toBe(true);
  });

  /** With what examples/agent/compose.yaml gives it, and nothing more. */
  async function startAgent(url: string): Promise<void> {
    const Env = [
      `HOLDFAST_REPO=${url}`,
      `HOLDFAST_SITE=${SITE}`,
      'HOLDFAST_INTERVAL=1s',
      `HOLDFAST_STATE_DIR=${folder}/state`,
      `HOLDFAST_FILES_DIR=${folder}/apps`,
    ];
    const HostConfig = {
      // The Git server of this test listens on this machine's loopback.
      NetworkMode: 'host',
      Binds: [`${socketOf(host)}:/var/run/docker.sock`, `${folder}:${folder}`],
      ReadonlyRootfs: true,
      CapDrop: ['ALL'],
      CapAdd: ['DAC_OVERRIDE'],
      SecurityOpt: ['no-new-privileges:true'],
      Memory: 192 << 20,
    };
    const body = { Image: IMAGE, Env, HostConfig };
    await mustAsk(host, 'POST', `/containers/create?name=${AGENT}`, { body });
    await mustAsk(host, 'POST', `/containers/${AGENT}/start`);
  }

  async function runToEnd(entrypoint: string[] | undefined, ...command: string[]): Promise<string> {
    const body = {
      Image: IMAGE,
      Cmd: command.filter((word) => word !== ''),
      ...(entrypoint ? { Entrypoint: entrypoint } : {}),
      Tty: true,
      HostConfig: { NetworkMode: 'none', ReadonlyRootfs: true },
    };
    const { Id } = JSON.parse(await mustAsk(host, 'POST', '/containers/create', { body })) as { Id: string };
    try {
      await mustAsk(host, 'POST', `/containers/${Id}/start`);
      await mustAsk(host, 'POST', `/containers/${Id}/wait`);
      return (await mustAsk(host, 'GET', `/containers/${Id}/logs?stdout=1&stderr=1`)).replaceAll('\r\n', '\n');
    } finally {
      await ask(host, 'DELETE', `/containers/${Id}?force=1&v=1`);
    }
  }

  const archived = (name: string, path: string): Promise<string> =>
    mustAsk(host, 'GET', `/containers/${name}/archive?path=${encodeURIComponent(path)}`);
});
