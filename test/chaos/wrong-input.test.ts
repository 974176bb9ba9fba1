import { execFileSync, spawnSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { HOLDFAST, holdfast } from '../support/program/holdfast-process.ts';
import { type ChaosSite, chaosSite, describeChaos, fleet, staying } from '../support/site/chaos-site.ts';

interface Case {
  args: string[];
  says: RegExp;
  env?: Record<string, string>;
}

describeChaos('wrong input', () => {
  let site: ChaosSite;
  let dir: string;

  beforeAll(async () => {
    site = await chaosSite();
    await site.repo.commit(fleet(site));
    dir = await mkdtemp(join(tmpdir(), 'hf-input-'));
    const files: Record<string, string> = {
      'one/compose.yaml': staying({ web: {} }),
      'bad/compose.yaml': 'services:\n  web:\n    image: x\n    portz: ["80"]\n',
      'tab/compose.yaml': 'services:\n\tweb:\n',
      'fleet/fleet.yaml': 'apiVersion: holdfast/v1\nkind: Fleet\nmetadata: { name: f }\nspec: {}\n',
      'fleet/sites/porto.yaml': 'apiVersion: holdfast/v1\nkind: Site\nspec: {}\n',
      'fleet/sites/lisbon.yaml': 'apiVersion: holdfast/v1\nkind: Site\nspec: {}\n',
      'empty/readme': '',
      'agent-typo.yaml': 'repo: http://127.0.0.1:1/x\nintervall: 5s\n',
      'agent-type.yaml': 'repo: http://127.0.0.1:1/x\ninterval: 5\n',
      'values-list.yaml': '- a\n- b\n',
      'not-a-socket': '',
    };
    for (const [name, content] of Object.entries(files)) {
      await mkdir(join(dir, name, '..'), { recursive: true });
      await writeFile(join(dir, name), content);
    }
  }, 60_000);
  afterAll(async () => {
    await rm(dir, { recursive: true, force: true });
    await site?.close();
  }, 60_000);

  const agent = (...more: string[]): string[] => [
    'agent',
    ...['--repo', 'http://127.0.0.1:1/x.git', '--state-dir', `${dir}/state`, '--files-dir', `${dir}/files`],
    ...more,
  ];
  const nowhere = (): string[] => ['--docker-host', `unix://${dir}/none.sock`];

  const cases: Record<string, () => Case> = {
    'no such command': () => ({ args: ['aply'], says: /unknown command 'aply'[\s\S]*Did you mean apply\?/ }),
    'no such flag': () => ({
      args: ['diff', '--sitte', 'x'],
      says: /unknown option '--sitte'[\s\S]*Did you mean --site\?/,
    }),
    'a flag without its value': () => ({ args: ['diff', '--site'], says: /argument missing/ }),
    'a word too many': () => ({ args: ['diff', 'a', 'b'], says: /too many arguments/ }),
    'no such output': () => ({
      args: ['diff', '-o', 'xml'],
      says: /--output must be one of text, json, markdown, not "xml"/,
    }),
    'no such folder': () => ({ args: ['validate', `${dir}/nowhere`], says: /nowhere/ }),
    'an empty folder': () => ({ args: ['validate', `${dir}/empty`], says: /nothing to run/ }),
    'a key that is none': () => ({
      args: ['validate', `${dir}/bad`],
      says: /compose\.yaml:4:5: .*portz.*did you mean ports/,
    }),
    'a tab': () => ({ args: ['validate', `${dir}/tab`], says: /compose\.yaml:2:1/ }),
    'no such site': () => ({ args: ['render', `${dir}/fleet`, '--site', 'prto'], says: /prto[\s\S]*porto/ }),
    'a site to choose': () => ({ args: ['render', `${dir}/fleet`], says: /--site/ }),
    'no such app': () => ({ args: ['render', `${dir}/one`, '--app', 'tow'], says: /tow/ }),
    'both a folder and a repo': () => ({ args: ['render', `${dir}/one`, '--repo', site.repo.url], says: /not both/ }),
    'a revision of a folder': () => ({ args: ['render', `${dir}/one`, '--revision', 'main'], says: /--repo/ }),
    'a repo that is not there': () => ({ args: ['render', '--repo', `${site.git.url}/none.git`], says: /HTTP 404/ }),
    'a server that is not there': () => ({
      args: ['diff', '--repo', 'http://127.0.0.1:1/x.git'],
      says: /refuses connections/,
    }),
    'a repo by ftp': () => ({ args: ['render', '--repo', 'ftp://host/a/b.git'], says: /https?:\/\// }),
    'a branch that is not there': () => ({
      args: ['render', '--repo', site.repo.url, '--revision', 'mian'],
      says: /mian/,
    }),
    'a path that is not there': () => ({ args: ['render', '--repo', site.repo.url, '--path', 'a/b'], says: /a\/b/ }),
    'a values file that is not there': () => ({
      args: ['diff', `${dir}/one`, '--values', `${dir}/none.yaml`],
      says: /none\.yaml cannot be read/,
    }),
    'a values file that is a folder': () => ({ args: ['diff', `${dir}/one`, '--values', dir], says: /EISDIR/ }),
    'a values file that is a list': () => ({
      args: ['diff', `${dir}/one`, '--values', `${dir}/values-list.yaml`],
      says: /values-list\.yaml:1:1: .*mapping/,
    }),
    'a bad timeout': () => ({
      args: ['apply', `${dir}/one`, '--timeout', 'soon'],
      says: /--timeout must be a duration/,
    }),
    'an engine that is not there, for diff': () => ({
      args: ['diff', `${dir}/one`, ...nowhere()],
      says: /none\.sock.*is the engine running/,
    }),
    'an engine that is not there, for apply': () => ({
      args: ['apply', `${dir}/one`, ...nowhere()],
      says: /none\.sock.*is the engine running/,
    }),
    'an engine that is not there, for down': () => ({
      args: ['down', `${dir}/one`, ...nowhere()],
      says: /none\.sock.*is the engine running/,
    }),
    'a file that is no socket': () => ({
      args: ['diff', `${dir}/one`, '--docker-host', `unix://${dir}/not-a-socket`],
      says: /not-a-socket/,
    }),
    'an engine address that is not valid': () => ({
      args: ['diff', `${dir}/one`],
      env: { DOCKER_HOST: 'htp:/x' },
      says: /"htp:\/x" is not a valid engine address/,
    }),
    'an agent without a repo': () => ({ args: ['agent'], says: /--repo, HOLDFAST_REPO/ }),
    'an agent with a bad interval': () => ({
      args: agent('--interval', '5 parsecs'),
      says: /--interval must be a duration/,
    }),
    'an agent with an interval of nothing': () => ({ args: agent('--interval', '0s'), says: /above zero/ }),
    'an agent with a log level that is none': () => ({
      args: agent('--log-level', 'loud'),
      says: /error, warn, info, debug/,
    }),
    'an agent with a log level that is none, by environment': () => ({
      args: agent(),
      env: { HOLDFAST_LOG_LEVEL: 'loud' },
      says: /error, warn, info, debug/,
    }),
    'an agent with a config file that is not there': () => ({
      args: agent('--config', `${dir}/none.yaml`),
      says: /none\.yaml cannot be read: ENOENT/,
    }),
    'an agent with a typo in its config file': () => ({
      args: ['agent', '--config', `${dir}/agent-typo.yaml`],
      says: /agent-typo\.yaml:2:1: .*intervall.*did you mean/i,
    }),
    'an agent with a wrong type in its config file': () => ({
      args: ['agent', '--config', `${dir}/agent-type.yaml`],
      says: /agent-type\.yaml:2:11/,
    }),
    'an agent with a values file that is not there': () => ({
      args: agent('--values', `${dir}/none.yaml`),
      says: /none\.yaml cannot be read/,
    }),
    'an agent with an engine address that is not valid': () => ({
      args: agent('--docker-host', 'tpc://x'),
      says: /"tpc:\/\/x" is not a valid engine address/,
    }),
    'an agent with a state directory that is a file': () => ({
      args: agent('--state-dir', `${dir}/not-a-socket`),
      says: /not-a-socket/,
    }),
  };

  test.each(Object.keys(cases))('%s: one clear message, exit 2, nothing changed', async (name) => {
    const { args, says, env } = (cases[name] as () => Case)();
    const before = (await readdir(dir)).sort();
    const local = { DOCKER_HOST: site.host, ...env };
    const { code, stdout, stderr } = await holdfast(args, {
      env: local,
      onStart: (child) => setTimeout(() => child.kill('SIGKILL'), 60_000).unref(),
    });
    expect(stderr).toMatch(says);
    expect(stderr.split('\n').filter((line) => /error:/.test(line))).toHaveLength(1);
    expect(`${stdout}${stderr}`).not.toMatch(/defect|at file:|node:internal/);
    expect(code).toBe(2);
    expect((await readdir(dir)).sort()).toEqual(before);
  });

  test('a reader that leaves early is no failure, and output that cannot be written is one', () => {
    const run = (where: string): number | null =>
      spawnSync('sh', ['-c', `"$@" ${where}`, 'sh', ...HOLDFAST, 'render', `${dir}/one`], { stdio: 'ignore' }).status;
    expect(spawnSync('bash', ['-c', 'set -o pipefail; "$@" | true', 'bash', ...HOLDFAST, '--help']).status).toBe(0);
    expect(run('> /dev/null')).toBe(0);
    expect(run('> /dev/full')).toBe(1);
  });

  test('a socket that may not be opened is said with what to do about it', async () => {
    if (process.getuid?.() !== 0) return;
    const path = join(dir, 'locked.sock');
    const server = createServer((socket) => socket.destroy()).listen(path);
    await new Promise((resolve) => server.once('listening', resolve));
    await chmod(path, 0o600);
    await chmod(dir, 0o755);
    try {
      // Nobody, from the first connection on: until then it must be able to read this clone, wherever that lies.
      const program = `import { Socket } from 'node:net';
        const { connect } = Socket.prototype;
        Socket.prototype.connect = function (...args) {
          if (process.getuid() === 0) { process.setgid(65534); process.setuid(65534); }
          return connect.apply(this, args);
        };
        process.argv = [process.argv[0], 'main', ...process.argv.slice(1)];
        await import(process.env.MAIN);`;
      const main = join(process.cwd(), 'src/cli/main.ts');
      const run = () =>
        execFileSync(
          process.execPath,
          ['--input-type=module', '-e', program, 'diff', `${dir}/one`, '--docker-host', `unix://${path}`],
          { env: { MAIN: main, HOME: dir }, encoding: 'utf8', stdio: 'pipe' },
        );
      expect(run).toThrow(/permission denied at .*locked\.sock.*group/);
    } finally {
      server.close();
    }
  });
});
