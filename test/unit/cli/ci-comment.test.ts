import { execFile } from 'node:child_process';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { repoDir } from '../../../scripts/engine.ts';
import { parseYaml } from '../../../src/yaml/parse.ts';
import { git } from '../../support/git/clones.ts';
import { FORGE_TOKEN, type ForgeApi, startForgeApi } from '../../support/net/forge-api.ts';
import { HOLDFAST, plainEnvironment } from '../../support/program/holdfast-process.ts';
import { type ConfigFolder, configFolder } from '../../support/site/config-folder.ts';

jest.setTimeout(120_000);

const SCRIPT = join(repoDir, 'examples/ci/holdfast-comment.mjs');
const head = 'apiVersion: holdfast/v1\nkind: ';
const web = (image: string): string => `services: { web: { image: "${image}" } }\n`;

let folder: ConfigFolder;
let api: ForgeApi;

beforeEach(async () => {
  api = await startForgeApi();
  folder = await configFolder({
    'fleet.yaml': `${head}Fleet\nspec: { syncPolicy: { automated: {} } }\n`,
    'sites/a.yaml': `${head}Site\n`,
    'sites/b.yaml': `${head}Site\n`,
    'apps/pos/app.yaml': `${head}Application\n`,
    'apps/pos/compose.yaml': web('pos:1.2'),
  });
  git(folder.dir, 'init', '-q', '-b', 'main');
  git(folder.dir, 'add', '-A');
  git(folder.dir, 'commit', '-qm', 'Begin');
  // The program as CI installs it.
  const bin = join(folder.dir, '.git', 'bin');
  await mkdir(bin);
  await writeFile(join(bin, 'holdfast'), `#!/bin/sh\nexec ${HOLDFAST.map((word) => `'${word}'`).join(' ')} "$@"\n`);
  await chmod(join(bin, 'holdfast'), 0o755);
});
afterEach(async () => {
  await api.close();
  await folder.remove();
});

async function commit(compose: string): Promise<void> {
  await folder.write({ 'apps/pos/compose.yaml': compose });
  git(folder.dir, 'commit', '-qam', 'Change');
}

const github = async (): Promise<Record<string, string>> => {
  const event = join(folder.dir, '.git', 'event.json');
  await writeFile(
    event,
    JSON.stringify({ pull_request: { number: 5, base: { sha: git(folder.dir, 'rev-parse', 'main') } } }),
  );
  return {
    GITHUB_ACTIONS: 'true',
    GITHUB_API_URL: api.url,
    GITHUB_REPOSITORY: 'team/fleet',
    GITHUB_EVENT_PATH: event,
    GITHUB_TOKEN: FORGE_TOKEN,
    GITHUB_STEP_SUMMARY: join(folder.dir, '.git', 'summary.md'),
  };
};
const gitlab = async (): Promise<Record<string, string>> => ({
  GITLAB_CI: 'true',
  CI_API_V4_URL: api.url,
  CI_PROJECT_ID: '3',
  CI_MERGE_REQUEST_IID: '5',
  CI_MERGE_REQUEST_DIFF_BASE_SHA: git(folder.dir, 'rev-parse', 'main'),
  HOLDFAST_GITLAB_TOKEN: FORGE_TOKEN,
});

/** Runs the script in the repo; its exit code and what it says. */
function comment(environment: Record<string, string>): Promise<{ code: number; stdout: string; stderr: string }> {
  const env = plainEnvironment(environment);
  env.PATH = `${join(folder.dir, '.git', 'bin')}:${env.PATH}`;
  return new Promise((resolve) => {
    execFile(process.execPath, [SCRIPT], { cwd: folder.dir, env }, (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr });
    });
  });
}

describe.each([
  ['GitHub', github, 'PATCH 200'],
  ['GitLab', gitlab, 'PUT 200'],
])('the example for CI at %s', (_, environment, updated) => {
  test('writes one comment, and keeps it up to date', async () => {
    // More than a page, and a person who writes the marker.
    for (let index = 0; index < 120; index++) api.say(index === 0 ? '<!-- holdfast diff --fleet -->\nmine' : 'hello');
    const env = await environment();
    git(folder.dir, 'checkout', '-qb', 'change');
    expect(await comment(env)).toMatchObject({ code: 0, stderr: expect.stringContaining('there is no comment') });
    expect(api.written).toEqual([]);

    await commit(web('pos:1.3'));
    expect(await comment(env)).toMatchObject({ code: 0, stderr: expect.stringContaining('wrote a comment') });
    expect(api.comments.at(-1)?.body).toMatch(/\*\*2 sites\*\* of 2 change[\s\S]*<code>pos:1\.3<\/code> on 2 sites/);
    expect(await comment(env)).toMatchObject({ code: 0, stderr: expect.stringContaining('up to date') });

    await commit(web('pos:1.4'));
    expect((await comment(env)).code).toBe(0);
    await commit(web('pos:1.2'));
    expect((await comment(env)).code).toBe(0);
    expect(api.comments.at(-1)?.body).toContain('Nothing changes on any of 2 sites');
    expect(api.written).toEqual(['POST 201', updated, updated]);
    expect(api.comments[0]?.body).toContain('mine');
  });

  test('fails for an app that is refused, and says so in the comment', async () => {
    const env = await environment();
    git(folder.dir, 'checkout', '-qb', 'change');
    await commit('services: { web: { imagee: x } }\n');
    expect((await comment(env)).code).toBe(2);
    expect(api.comments.at(-1)?.body).toContain('refused');
  });

  test('tells the effect without a comment where the token may not write, as for a fork', async () => {
    const env = await environment();
    api.isReadOnly = true;
    git(folder.dir, 'checkout', '-qb', 'change');
    await commit(web('pos:1.3'));
    const ran = await comment(env);
    expect(ran).toMatchObject({ code: 0, stderr: expect.stringMatching(/no comment: POST .* HTTP 403/) });
    const told = env.GITHUB_STEP_SUMMARY ? await readFile(env.GITHUB_STEP_SUMMARY, 'utf8') : ran.stdout;
    expect(told).toContain('**2 sites** of 2 change');
  });
});

test('an example for CI that cannot compare says why, and fails', async () => {
  expect(await comment({})).toMatchObject({ code: 2, stderr: expect.stringContaining('neither GitHub Actions nor') });
  const { GITHUB_EVENT_PATH: _, ...without } = await github();
  expect(await comment(without)).toMatchObject({ code: 2, stderr: expect.stringContaining('GITHUB_EVENT_PATH') });
});

test.each(['examples/ci/github/holdfast.yaml', 'examples/ci/gitlab/.gitlab-ci.yml'])(
  '%s is YAML that runs validate and the script',
  async (file) => {
    const text = await readFile(join(repoDir, file), 'utf8');
    expect(parseYaml(text, file)?.kind).toBe('mapping');
    expect(text).toMatch(/^.*holdfast validate/m);
    expect(text).toMatch(/node \.(github|gitlab)\/holdfast-comment\.mjs/);
  },
);
