import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { type AgentProcess, holdfast, startAgentProcess } from '../../support/program/holdfast-process.ts';
import { allRun, app, describeChaos, fleet, HOST, staying } from '../../support/site/chaos-site.ts';
import { agentProcess, endsCleanly, others, site } from './agent-process.ts';

agentProcess();

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
