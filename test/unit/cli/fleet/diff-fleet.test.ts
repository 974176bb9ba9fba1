import { spawn } from 'node:child_process';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { run } from '../../../../src/cli/program.ts';
import { git, gitAt } from '../../../support/git/clones.ts';
import { HOLDFAST, holdfast, plainEnvironment } from '../../../support/program/holdfast-process.ts';
import { captureWritten, forgetWritten, written } from '../../../support/program/written.ts';
import { type ConfigFolder, configFolder } from '../../../support/site/config-folder.ts';
import { largeFleet } from '../../../support/site/large-fleet.ts';

jest.setTimeout(120_000);
captureWritten();

const head = 'apiVersion: holdfast/v1\nkind: ';
const web = (image: string): string => `services: { web: { image: "${image}" } }\n`;
let folder: ConfigFolder;

beforeEach(async () => {
  folder = await configFolder({
    'fleet.yaml': `${head}Fleet\nspec: { syncPolicy: { automated: { prune: true, selfHeal: true } } }\n`,
    'sites/a.yaml': `${head}Site\nmetadata: { labels: { ring: canary } }\n`,
    'sites/b.yaml': `${head}Site\nmetadata: { labels: { ring: rest } }\n`,
    'apps/pos/app.yaml': `${head}Application\n`,
    'apps/pos/compose.yaml': web('pos:1.2'),
  });
  git(folder.dir, 'init', '-q', '-b', 'main');
  git(folder.dir, 'add', '-A');
  git(folder.dir, 'commit', '-qm', 'Begin');
  forgetWritten();
});
afterEach(() => folder.remove());

/** The exit code and the output of the command. */
async function diff(...args: string[]): Promise<[code: number, output: string]> {
  forgetWritten();
  return [await run(['diff', '--fleet', folder.dir, ...args]), written];
}

describe('diff --fleet', () => {
  test('says the effect of uncommitted changes, and exits with 1', async () => {
    await folder.write({ 'apps/pos/compose.yaml': web('pos:1.3') });
    const [code, output] = await diff();
    expect(code).toBe(1);
    expect(output.replace(/ {2,}/g, '  ')).toMatch(
      /^2 sites: a, b\n {2}pos\n {2}\+ image pos:1\.3 {2}pull {2}not on the disk\n {2}~ pos-web-1 {2}replace {2}image: pos:1\.2 -> pos:1\.3\n\nHEAD \([0-9a-f]{12}\) -> worktree: 2 sites, 2 of them change in 1 way\n/,
    );
  });

  test('compares two revisions, narrowed to sites, labels and apps', async () => {
    await folder.write({ 'apps/pos/compose.yaml': web('pos:1.3') });
    git(folder.dir, 'commit', '-qam', 'Go on');
    expect((await diff())[0]).toBe(0);
    const between = ['--from', 'HEAD~1', '--to', 'main'];
    expect(await diff(...between, '--site', 'b')).toEqual([1, expect.stringMatching(/^1 site: b\n/)]);
    expect(await diff(...between, '--selector', 'ring=canary')).toEqual([1, expect.stringMatching(/^1 site: a\n/)]);
    expect(await diff(...between, '--app', 'other')).toEqual([0, expect.stringContaining('nothing changes')]);
  });

  test('says first how many sites may still run an older version, since they wait for their step', async () => {
    const HOUR = 3_600_000;
    const steps = [{ selector: { matchLabels: { ring: 'canary' } } }, { percent: 100, after: '5h' }];
    const spec = { oldestAgent: '0.2.0', syncPolicy: { automated: {} }, rollout: { steps } };
    await folder.write({
      'fleet.yaml': JSON.stringify({ apiVersion: 'holdfast/v1', kind: 'Fleet', spec }),
      'apps/old/app.yaml': `${head}Application\n`,
      'apps/old/compose.yaml': web('old:1'),
    });
    const commit = (ago: number): void => {
      git(folder.dir, 'add', '-A');
      gitAt(folder.dir, Date.now() - ago, 'commit', '-qm', 'Go on');
    };
    commit(9 * HOUR);
    await folder.write({ 'apps/old/compose.yaml': web('old:2') });
    commit(6 * HOUR);
    expect((await diff())[1]).toMatch(/^HEAD /);
    await folder.write({ 'apps/pos/compose.yaml': web('pos:1.3') });
    commit(HOUR);
    const behind =
      /^1 site may still run an older version than HEAD \([0-9a-f]{12}\), since they wait for their step: pos on 1 site\n/;
    expect((await diff())[1]).toMatch(behind);
    expect((await diff('-o', 'markdown'))[1]).toContain('\n\n1 site may still run an older version than HEAD');
    expect(JSON.parse((await diff('-o', 'json'))[1])).toMatchObject({
      behind: { sites: 1, apps: [{ app: 'pos', sites: 1 }] },
    });
    expect((await diff('--app', 'old'))[1]).toMatch(/^HEAD /);
    expect((await diff('--site', 'a'))[1]).toMatch(/^HEAD /);
    // Before that commit the change of pos had not come, and an hour later that of old had not yet begun everywhere.
    expect((await diff('--from', 'HEAD~1', '--to', 'HEAD~1'))[1]).toContain('older version than HEAD~1');
    expect((await diff('--from', 'HEAD~1', '--to', 'HEAD'))[1]).not.toContain('older version');
  });

  test('exits with 2 for an app that is refused, for bad input, and with --strict for a pin that the clone lacks', async () => {
    await folder.write({ 'apps/pos/compose.yaml': 'services: { web: { imagee: x } }\n' });
    expect(await diff()).toEqual([2, expect.stringContaining('refused: apps/pos/compose.yaml:1:')]);
    await folder.write({
      'apps/pos/compose.yaml': web('pos:1.2'),
      'sites/a.yaml': `${head}Site\nspec: { targetRevision: v9 }\n`,
    });
    expect(await diff()).toEqual([1, expect.stringContaining('not known: pinned to v9, which this clone lacks')]);
    expect((await diff('--strict'))[0]).toBe(2);
    expect(await diff('--from', 'nothing')).toEqual([2, expect.stringContaining('nothing')]);
    expect(await diff('--site', 'c')).toEqual([2, expect.stringContaining('no site of ')]);
    expect(await diff('--repo', 'https://git.example.org/x')).toEqual([2, expect.stringContaining('--repo')]);
    forgetWritten();
    expect([await run(['diff', '--from', 'HEAD']), written]).toEqual([
      2,
      expect.stringContaining('--from goes with --fleet'),
    ]);
  });

  test('with a policy, says which sites refuse an app, also one that runs there and does not change', async () => {
    const policy = `${folder.dir}/policy.yaml`;
    await folder.write({
      'policy.yaml': `${head}Policy\nspec: {profile: standard, allow: {images: ["docker.io/library/pos"]}}\n`,
    });
    expect((await diff('--policy', policy))[0]).toBe(0);
    await folder.write({
      'apps/pos/compose.yaml': 'services: { web: { image: "pos:1.3", pid: host } }\n',
    });
    expect(await diff('--policy', policy)).toEqual([
      2,
      expect.stringMatching(
        /^2 sites: a, b\n +pos\n +! refused: apps\/pos\/compose\.yaml:1:38: the site's policy refuses it \(hostNamespaces\): web: pid: host/,
      ),
    ]);
    git(folder.dir, 'commit', '-qam', 'Go on');
    expect((await diff())[0]).toBe(0);
    expect((await diff('--policy', policy))[0]).toBe(2);
  });
});

describe('diff --fleet of a large fleet', () => {
  beforeEach(() => folder.write(Object.fromEntries(largeFleet({ sites: 4000, apps: 8 }))));
  const args = ['diff', '--fleet', '--from', 'worktree'];

  test('says nothing of its progress in a pipe', async () => {
    const { code, stdout, stderr } = await holdfast(args, { cwd: folder.dir });
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^worktree -> worktree: 4002 sites, nothing changes\n$/);
  });

  test('says its progress on a terminal, and ends at once on Ctrl-C', async () => {
    const command = [...HOLDFAST, ...args].map((word) => `'${word}'`).join(' ');
    const child = spawn('script', ['-qec', command, '/dev/null'], { cwd: folder.dir, env: plainEnvironment() });
    let seen = '';
    let interrupted = 0;
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      seen += text;
      if (interrupted > 0 || !/\d+ of 4002 sites/.test(seen)) return;
      interrupted = performance.now();
      child.stdin.write('\x03');
    });
    const code = await new Promise((resolve) => {
      child.on('close', resolve);
    });
    expect(code).toBe(130);
    expect(performance.now() - interrupted).toBeLessThan(1000);
    expect(seen).not.toContain('nothing changes');
  });
});
