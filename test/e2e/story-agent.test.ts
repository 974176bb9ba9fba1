import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import * as http from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { mustAsk } from '../../scripts/machine/engine-http.ts';
import { until } from '../../scripts/machine/processes.ts';
import {
  allRun,
  app,
  type ChaosSite,
  chaosSite,
  describeChaos,
  fleet,
  HOST,
  IMAGE,
  IMAGE_2,
  PATIENCE_MS,
  staying,
} from '../support/chaos-site.ts';
import { type AgentProcess, holdfast, startAgentProcess } from '../support/holdfast-process.ts';
import { execIn } from '../support/site.ts';

// The agent as a process: how it is told things, and how it ends.
jest.setTimeout(120_000);

let site: ChaosSite;
const others: AgentProcess[] = [];

beforeEach(async () => {
  if (HOST) site = await chaosSite();
});

afterEach(async () => {
  for (const life of others.splice(0)) await life.end('SIGKILL');
  if (HOST) await site.close();
});

/** Ended by SIGTERM: with exit code 0. */
async function endsCleanly(life: AgentProcess): Promise<void> {
  expect(await life.end('SIGTERM')).toEqual({ code: 0, signal: null });
  expect((await site.log()).at(-1)?.message ?? '').not.toMatch(/defect|Error:/);
}

describeChaos('the agent is told the same by', () => {
  const settings = (): Record<string, string> => ({
    repo: site.repo.url,
    site: site.name,
    revision: 'main',
    interval: '1s',
    stateDir: site.stateDir,
    filesDir: site.filesDir,
    dockerHost: HOST,
    logFormat: 'json',
  });
  const kebab = (key: string): string => key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

  async function start(args: string[], env: Record<string, string> = {}): Promise<AgentProcess> {
    const life = await startAgentProcess({ args, env, logFile: site.logFile });
    others.push(life);
    return life;
  }

  async function keepsTheSite(life: AgentProcess): Promise<void> {
    await site.repo.commit({ ...fleet(site), ...app(site, 'a', staying({ web: {} })) });
    await site.becomes('web runs', allRun(1));
    await endsCleanly(life);
    // Its end is not the end of what it keeps.
    expect(allRun(1)(await site.containers())).toBe(true);
  }

  test('flags', async () => {
    await keepsTheSite(await start(Object.entries(settings()).flatMap(([key, value]) => [`--${kebab(key)}`, value])));
  });

  test('environment variables', async () => {
    const variables = Object.entries(settings()).map(
      ([key, value]) => [`HOLDFAST_${kebab(key).replaceAll('-', '_').toUpperCase()}`, value] as const,
    );
    await keepsTheSite(await start([], Object.fromEntries(variables)));
  });

  test('a config file', async () => {
    const file = join(site.dir, 'agent.yaml');
    const lines = Object.entries(settings()).map(([key, value]) => `${key}: ${JSON.stringify(value)}\n`);
    await writeFile(file, lines.join(''));
    await keepsTheSite(await start(['--config', file]));
  });

  test('a flag before a variable, and a variable before the config file', async () => {
    const file = join(site.dir, 'agent.yaml');
    const wrong = { repo: 'http://127.0.0.1:1/file.git', site: 'file', interval: '1h', logLevel: 'error' };
    const lines = Object.entries({ ...settings(), ...wrong }).map(
      ([key, value]) => `${key}: ${JSON.stringify(value)}\n`,
    );
    await writeFile(file, lines.join(''));
    const life = await start(['--repo', site.repo.url, '--site', site.name], {
      HOLDFAST_CONFIG: file,
      HOLDFAST_REPO: 'http://127.0.0.1:1/variable.git',
      HOLDFAST_INTERVAL: '1s',
      HOLDFAST_LOG_LEVEL: 'info',
    });
    await keepsTheSite(life);
    await site.sees(new RegExp(`for site ${site.name}, following ${site.repo.url}`));
  });
});

describeChaos('SIGHUP', () => {
  test('makes the agent look at Git at once', async () => {
    await site.repo.commit({ ...fleet(site), ...app(site, 'a', staying({ web: {} })) });
    const life = await site.start({ args: ['--interval', '1h'] });
    await site.becomes('web runs', allRun(1));
    await site.repo.commit(app(site, 'a', staying({ web: {}, db: {} })));
    process.kill(life.pid, 'SIGHUP');
    await site.becomes('db runs as well', allRun(2));
    await endsCleanly(life);
  });
});

describeChaos('SIGTERM ends the agent cleanly', () => {
  test('when it has nothing to do', async () => {
    await site.repo.commit({ ...fleet(site), ...app(site, 'a', staying({ web: {} })) });
    const life = await site.start();
    await site.becomes('web runs', allRun(1));
    await endsCleanly(life);
  });

  test('while Git does not answer', async () => {
    let asked = false;
    site.git.intercept = () => {
      asked = true;
      return true;
    };
    const life = await site.start();
    expect(await until(() => asked, PATIENCE_MS)).toBe(true);
    await endsCleanly(life);
  });

  test('in the middle of a pull, and what runs goes on running', async () => {
    let asked = 0;
    const registry = http.createServer(() => {
      asked += 1;
    });
    await new Promise<void>((resolve) => {
      registry.listen(0, '127.0.0.1', resolve);
    });
    const { port } = registry.address() as AddressInfo;
    try {
      await site.repo.commit({ ...fleet(site), ...app(site, 'a', staying({ web: {} })) });
      const life = await site.start();
      const before = await site.becomes('web runs', allRun(1));
      await site.repo.commit(app(site, 'a', staying({ web: { image: `127.0.0.1:${port}/never:1` } })));
      expect(await until(() => asked > 0, PATIENCE_MS)).toBe(true);
      await endsCleanly(life);
      expect(await site.containers()).toEqual(before);
    } finally {
      registry.closeAllConnections();
      registry.close();
    }
  });

  test('in the middle of a stop that takes its time, and the next agent goes on from there', async () => {
    // It does not care for SIGTERM.
    const stubborn = { command: ['sleep', '3600'], stop_grace_period: '10s' };
    await site.repo.commit({ ...fleet(site), ...app(site, 'a', staying({ web: stubborn })) });
    const first = await site.start();
    await site.becomes('web runs', allRun(1));
    await site.repo.commit(app(site, 'a', staying({ web: { ...stubborn, image: IMAGE_2 } })));
    await site.becomes('its successor is made', (found) => found.some(({ image }) => image === IMAGE_2), 30_000);
    await endsCleanly(first);

    await site.start();
    const runs = (found: Awaited<ReturnType<ChaosSite['containers']>>): boolean =>
      allRun(1)(found) && found[0]?.image === IMAGE_2 && found[0].name === `${site.app('a')}-web-1`;
    await site.becomes('the successor has taken over', runs, 60_000);
  });

  test('while the engine does not answer', async () => {
    await site.repo.commit({ ...fleet(site), ...app(site, 'a', staying({ web: {} })) });
    const life = await site.start({ args: ['--docker-host', 'unix:///nonexistent.sock'] });
    await site.sees(/cannot see what runs here/);
    expect(life.hasExited()).toBe(false);
    await endsCleanly(life);
  });
});

describeChaos('the agent exits with 2 and one clear sentence', () => {
  const refused = (args: string[], env: Record<string, string> = {}) =>
    holdfast(['agent', '--docker-host', HOST, '--state-dir', site.stateDir, ...args], { env });

  test.each([
    ['without a config repo', [], /the agent needs a config repo/],
    ['for a duration that is none', ['--repo', 'http://x/y', '--interval', 'soon'], /--interval.*"soon"/],
    [
      'for a log format there is not',
      ['--repo', 'http://x/y', '--log-format', 'xml'],
      /--log-format must be text or json/,
    ],
    ['for a repo that is not over HTTP', ['--repo', 'ftp://x/y'], /ftp/],
    [
      'for an engine that cannot be meant',
      ['--repo', 'http://x/y', '--docker-host', 'x'],
      /"x" is not a valid engine address/,
    ],
    ['for a flag there is not', ['--repos', 'x'], /--repo\b/],
    ['for a config file that is not there', ['--config', '/nonexistent.yaml'], /nonexistent\.yaml cannot be read/],
  ])('%s', async (_when, args, words) => {
    const { code, stderr } = await refused(args);
    expect(stderr).toMatch(words);
    expect(code).toBe(2);
  });

  test('for a key of the config file that it does not know, with its place', async () => {
    const file = join(site.dir, 'agent.yaml');
    await writeFile(file, 'repo: http://127.0.0.1:1/x.git\nintervall: 10s\n');
    const { code, stderr } = await refused(['--config', file]);
    expect(stderr).toContain(`${file}:2:1: `);
    expect(stderr).toMatch(/did you mean `?interval/);
    expect(code).toBe(2);
  });
});

describeChaos('the agent stays, whatever Git says,', () => {
  test('and tells what is wrong with a commit, with its place; the last good state holds', async () => {
    await site.repo.commit({
      ...fleet(site),
      ...app(site, 'a', staying({ web: {} })),
      ...app(site, 'b', staying({ db: {} })),
    });
    const life = await site.start();
    await site.becomes('both run', allRun(2));
    const broken = site.app('a');
    await site.repo.commit({
      [`apps/${broken}/compose.yaml`]: 'services:\n  web:\n    imag: x\n',
      ...app(site, 'b', staying({ db: { environment: { NEW: '1' } } })),
    });
    await site.sees(new RegExp(`apps/${broken}/compose.yaml:3:5: unknown key imag.*stays as it was at`));
    await site.sees(/has taken over/);
    await mustAsk(HOST, 'POST', `/containers/${broken}-web-1/kill`);
    await site.becomes('what was broken in Git is still healed', allRun(2));
    expect((await site.containers()).map(({ image }) => image)).toEqual([IMAGE, IMAGE]);
    await endsCleanly(life);
  });
});

describeChaos('paths of a Compose file lead, as with docker compose,', () => {
  /** What a container of the site binds, by where it sees it. */
  async function bound(container: string): Promise<Record<string, string>> {
    const { Mounts } = JSON.parse(await mustAsk(HOST, 'GET', `/containers/${container}/json`)) as {
      Mounts: { Source: string; Destination: string }[];
    };
    return Object.fromEntries(Mounts.map(({ Source, Destination }) => [Destination, Source]));
  }

  test('from the folder of the first file to its neighbours, to copies of what Git has elsewhere, and to data beside', async () => {
    const [shop, data] = [site.app('shop'), site.app('data')];
    const volumes = [
      './conf/site.conf:/conf',
      '../top:/top',
      '../../common/nginx.conf:/nginx',
      `../../${data}:/data`,
      './conf/sit.conf:/slip',
    ];
    const compose = (more: object = {}): string => staying({ web: { volumes, ...more } });
    await site.repo.commit({
      ...fleet(site),
      [`apps/${shop}/app.yaml`]:
        'apiVersion: holdfast/v1\nkind: Application\nspec: { compose: [deploy/compose.yaml] }\n',
      [`apps/${shop}/deploy/compose.yaml`]: compose(),
      [`apps/${shop}/deploy/conf/site.conf`]: 'site\n',
      [`apps/${shop}/deploy/conf/slip.conf`]: 'slip\n',
      [`apps/${shop}/top/a`]: 'a\n',
      'apps/common/nginx.conf': 'one\n',
    });
    const life = await site.start({ args: ['--resync', '2s'] });
    await site.becomes('web runs', allRun(1));
    const own = join(site.filesDir, shop);
    const copy = join(own, '.repo/apps/common/nginx.conf');
    expect(await bound(`${shop}-web-1`)).toEqual({
      '/conf': join(own, 'deploy/conf/site.conf'),
      '/top': join(own, 'top'),
      '/nginx': copy,
      '/data': join(site.filesDir, data),
      '/slip': join(own, 'deploy/conf/sit.conf'),
    });
    expect(await readFile(join(own, 'deploy/conf/site.conf'), 'utf8')).toBe('site\n');
    expect(await readFile(join(own, 'top/a'), 'utf8')).toBe('a\n');
    await writeFile(join(site.filesDir, data, 'kept'), 'kept');
    const warning = /deploy\/conf\/sit\.conf; .*did you mean \.\/conf\/slip\.conf\?/;
    await site.sees(warning);

    // What a container does to its copy is mended, and the next commit brings another one.
    await execIn(HOST, `${shop}-web-1`, ['sh', '-c', 'echo spoilt > /nginx']);
    const holds = async (text: string): Promise<boolean> => (await readFile(copy, 'utf8').catch(() => '')) === text;
    expect(await until(() => holds('one\n'), PATIENCE_MS)).toBe(true);
    const second = await site.repo.commit({ 'apps/common/nginx.conf': 'two\n' });
    expect(await until(() => holds('two\n'), PATIENCE_MS)).toBe(true);
    await site.isAs(second);

    // Neither does what was copied become data, nor data an app.
    await site.repo.commit({ 'apps/common/nginx.conf': null, ...app(site, 'data', staying({ db: {} })) });
    await site.sees(/nginx\.conf was a copy from Git .* stays as it was at/);
    await site.sees(new RegExp(`the folder ${data} in the folder of all apps is also claimed by the app ${shop}`));
    expect((await bound(`${shop}-web-1`))['/nginx']).toBe(copy);
    // A laptop that knows nothing of the site asks its containers and comes to the same.
    const laptop = ['diff', '--repo', site.repo.url, '--site', site.name, '--files-dir', site.filesDir];
    const { code, stdout } = await holdfast([...laptop, '--docker-host', HOST]);
    expect([code, stdout]).toEqual([2, expect.stringMatching(/binds .*, and would now bind .* would vanish/)]);
    expect((await site.containers()).map(({ name }) => name)).toEqual([`${shop}-web-1`]);

    await site.repo.commit({ [`apps/${shop}/app.yaml`]: null });
    await site.becomes(
      'shop is gone and data runs',
      (found) => found.map(({ name }) => name).join() === `${data}-db-1`,
    );
    expect(await until(async () => !existsSync(copy), PATIENCE_MS)).toBe(true);
    expect(await readFile(join(site.filesDir, data, 'kept'), 'utf8')).toBe('kept');
    expect((await site.log()).filter(({ message }) => warning.test(message))).toHaveLength(1);
    await endsCleanly(life);
  });
});
