import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { repoDir } from '../../scripts/engine.ts';
import { ask, mustAsk } from '../../scripts/machine/engine-http.ts';
import { busyboxTree, importImage } from '../support/engine/images.ts';
import { HOLDFAST, plainEnvironment } from '../support/program/holdfast-process.ts';
import { removeApp } from '../support/site/site.ts';

// The page is the test: its commands are typed into one shell, as a person would, in an empty folder.
const host = process.env.HOLDFAST_TEST_DOCKER ?? '';
const peer = process.env.COMPOSE_PEER ?? '';
const PAGE = join(repoDir, 'docs', 'three-shops.md');
const IMAGE = 'nginx:1.27-alpine';

jest.setTimeout(300_000);

/** Commands to type, or a condition that a reader waits for, in the order of the page. */
type Step = { run: string } | { until: string };

function stepsOf(page: string): Step[] {
  const steps: Step[] = [];
  let block: string[] | undefined;
  for (const line of page.split('\n')) {
    if (block && line === '```') {
      steps.push({ run: block.join('\n') });
      block = undefined;
    } else if (block) block.push(line);
    else if (line === '```sh') block = [];
    else if (line.startsWith('<!-- until: ')) steps.push({ until: line.slice('<!-- until: '.length, -' -->'.length) });
  }
  return steps;
}

/** A bash that stays open between steps and tells how each one ended. */
class Shell {
  private readonly child: ChildProcessWithoutNullStreams;
  output = '';

  constructor(cwd: string, env: NodeJS.ProcessEnv) {
    // `-m`: jobs are numbered, as in a terminal.
    this.child = spawn('bash', ['-m'], { cwd, env });
    for (const stream of [this.child.stdout, this.child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.output += text;
      });
  }

  /** Resolves to the exit code of the last command. */
  async run(commands: string): Promise<number> {
    const mark = `done-${this.output.length}`;
    this.child.stdin.write(`${commands}\nprintf '\\n%s %s\\n' ${mark} $?\n`);
    const pattern = new RegExp(`\\n${mark} (\\d+)\\n`);
    for (;;) {
      const [, code] = this.output.match(pattern) ?? [];
      if (code !== undefined) return Number(code);
      await new Promise((resolve) => this.child.stdout.once('data', resolve));
    }
  }

  async until(condition: string): Promise<boolean> {
    const deadline = Date.now() + 60_000;
    while (Date.now() < deadline)
      if ((await this.run(`( ${condition} ) 2>/dev/null || { sleep 0.3; false; }`)) === 0) return true;
    return false;
  }

  end(): void {
    this.child.stdin.end('kill $(jobs -p) 2>/dev/null\n');
  }
}

const suite = host && peer ? describe : describe.skip;
suite('docs/three-shops.md', () => {
  let folder: string;
  let shell: Shell;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'holdfast-three-'));
    // Without a registry: BusyBox that stays, under the name that the page gives.
    await importImage(host, IMAGE, await busyboxTree('three-shops'), ['CMD ["stay"]', 'ENV PATH=/bin']);
    const bin = join(folder, 'bin');
    await mkdir(bin);
    const program = async (name: string, text: string): Promise<void> => {
      await writeFile(join(bin, name), `#!/bin/sh\n${text}\n`);
      await chmod(join(bin, name), 0o755);
    };
    await program('holdfast', `exec '${HOLDFAST.join("' '")}' "$@"`);
    // As with Compose's plugin for the docker command.
    await program('docker', `[ "$1" = compose ] && shift && exec '${peer}' "$@"\nexec /usr/bin/docker "$@"`);
    await mkdir(join(folder, 'empty'));
    shell = new Shell(
      join(folder, 'empty'),
      plainEnvironment({ DOCKER_HOST: host, PATH: `${bin}:${process.env.PATH ?? ''}`, HOME: folder }),
    );
  }, 120_000);

  afterAll(async () => {
    shell?.end();
    for (const app of ['shop', 'kiosk']) await removeApp(host, app);
    await ask(host, 'DELETE', `/images/${encodeURIComponent(IMAGE)}?force=1`);
    await rm(folder, { recursive: true, force: true });
  }, 60_000);

  test('each command of the page does what the page says', async () => {
    for (const step of stepsOf(await readFile(PAGE, 'utf8'))) {
      const since = shell.output.length;
      const ok = 'run' in step ? (await shell.run(step.run)) === 0 : await shell.until(step.until);
      if (!ok) {
        const log = await readFile(join(folder, 'empty', 'agent.log'), 'utf8').catch(() => '');
        throw new Error(
          `this failed:\n${JSON.stringify(step)}\n${shell.output.slice(since).slice(-4000)}\nagent.log:\n${log}`,
        );
      }
    }
    expect(await readdir(join(folder, 'empty'))).toEqual([]);
    const left = JSON.parse(await mustAsk(host, 'GET', '/containers/json?all=1')) as { Names: string[] }[];
    expect(left.flatMap(({ Names }) => Names).filter((name) => /^\/(shop|kiosk)-/.test(name))).toEqual([]);
  });
});
