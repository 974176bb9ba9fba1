import { execFile } from 'node:child_process';
import { access, chmod, cp, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { repoDir } from '../../../scripts/engine.ts';
import { ask, mustAsk, socketOf } from '../../../scripts/machine/engine-http.ts';
import { until } from '../../../scripts/machine/processes.ts';
import { importBaseImage } from '../../support/engine/base-image.ts';
import { buildAgentImage } from '../../support/engine/build-image.ts';
import { TEST_IMAGE } from '../../support/engine/images.ts';
import { type GitServer, startGitServer } from '../../support/git/git-server.ts';
import { plainEnvironment } from '../../support/program/holdfast-process.ts';

const run = promisify(execFile);
const host = process.env.HOLDFAST_TEST_DOCKER ?? '';
const peer = process.env.COMPOSE_PEER ?? '';
const IMAGE = 'holdfast-test/example-agent:1';
const WEB = 'example-web-1';
const EXAMPLE = join(repoDir, 'examples', 'agent');
const TOKEN = 'a-token-of-the-example';

const state = async (name: string) => {
  const { status, text } = await ask(host, 'GET', `/containers/${name}/json`);
  if (status !== 200) return undefined;
  return JSON.parse(text) as {
    State: { Running: boolean; ExitCode: number; Health?: { Status: string } };
    Config: { Env: string[] };
  };
};

const suite = host && peer ? describe : describe.skip;
suite('examples/agent', () => {
  let git: GitServer;
  let folder: string;
  /** Runs docker compose in the folder of the example as a person does, with the files of this test instead of those in /etc and /var/lib. */
  let compose: (...args: string[]) => Promise<{ stdout: string; stderr: string }>;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'holdfast-example-'));
    git = await startGitServer({ credentials: { username: 'git', password: TOKEN } });
    await buildAgentImage(host, IMAGE, await importBaseImage(host));
    const env = plainEnvironment({
      DOCKER_HOST: host,
      HOLDFAST_IMAGE: IMAGE,
      DOCKER_SOCKET: socketOf(host),
      HOLDFAST_ETC: `${folder}/etc`,
      HOLDFAST_DATA: `${folder}/data`,
    });
    // The Git server of this test listens on this machine's loopback.
    const here = { services: { agent: { network_mode: 'host', healthcheck: { interval: '1s' } } } };
    await writeFile(join(folder, 'here.json'), JSON.stringify(here));
    const files = ['-f', join(EXAMPLE, 'compose.yaml'), '-f', join(folder, 'here.json')];
    compose = (...args) => run(peer, [...files, ...args], { cwd: EXAMPLE, env });
  }, 240_000);

  afterAll(async () => {
    await compose('down', '-t', '5').catch(() => undefined);
    await ask(host, 'DELETE', `/containers/${WEB}?force=1&v=1`);
    await ask(host, 'DELETE', '/networks/example_default');
    await ask(host, 'DELETE', `/images/${IMAGE}?force=1`);
    await git?.close();
    await rm(folder, { recursive: true, force: true });
  }, 60_000);

  test('runs a fleet with a token, with values of the site, and is seen to be alive', async () => {
    const repo = await git.repo('fleet');
    await repo.commit({
      'fleet.yaml':
        'apiVersion: holdfast/v1\nkind: Fleet\nspec: { siteValues: [DB_PASSWORD], syncPolicy: { automated: { prune: true, selfHeal: true } } }\n',
      'sites/eu/shop-17.yaml': 'apiVersion: holdfast/v1\nkind: Site\nspec: {}\n',
      'apps/example/app.yaml': 'apiVersion: holdfast/v1\nkind: Application\nspec: {}\n',
      'apps/example/compose.yaml': `services:\n  web:\n    image: ${TEST_IMAGE}\n    command: stay\n    environment: ["PASSWORD=$\{DB_PASSWORD}"]\n`,
    });
    await cp(join(EXAMPLE, 'etc'), join(folder, 'etc'), { recursive: true });
    const settings = await readFile(join(EXAMPLE, 'etc', 'agent.yaml'), 'utf8');
    await writeFile(
      join(folder, 'etc', 'agent.yaml'),
      settings
        .replace('https://git.example.org/fleet.git', repo.url)
        .replace(/^trust: .*$/m, '')
        .replace(
          'interval: 60s',
          `interval: 1s\nusername: git\nstateDir: ${folder}/data/state\nfilesDir: ${folder}/data/apps`,
        ),
    );
    await writeFile(join(folder, 'etc', 'git-token'), `${TOKEN}\n`);
    await chmod(join(folder, 'etc', 'git-token'), 0o600);

    await compose('up', '-d');
    const works = async (): Promise<boolean> =>
      (await state(WEB))?.State.Running === true && (await state('holdfast-agent'))?.State.Health?.Status === 'healthy';
    if (!(await until(works, 60_000))) throw new Error((await compose('logs', 'agent')).stdout);
    expect((await state(WEB))?.Config.Env).toContain('PASSWORD=change-me');
    expect((await compose('logs', 'agent')).stdout).not.toContain('change-me');

    await mustAsk(host, 'POST', '/containers/holdfast-agent/stop?t=20');
    expect((await state('holdfast-agent'))?.State.ExitCode).toBe(0);
    expect((await state(WEB))?.State.Running).toBe(true);
    // The agent keeps its state on the host, where another agent finds it.
    expect((await stat(join(folder, 'data', 'state', 'accepted', 'accepted.json'))).isFile()).toBe(true);
  });
});

const analyze = '/usr/bin/systemd-analyze';
const hasAnalyze = await access(analyze).then(
  () => true,
  () => false,
);
(hasAnalyze ? test : test.skip)('the systemd unit is one that systemd takes, with a sandbox around it', async () => {
  const unit = join(EXAMPLE, 'holdfast-agent.service');
  expect((await run(analyze, ['verify', unit])).stderr).toBe('');
  const { stdout } = await run(analyze, ['security', '--offline=true', '--threshold=30', unit]);
  expect(stdout).toContain('holdfast-agent.service');
});
