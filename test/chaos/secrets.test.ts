import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { mustAsk } from '../../scripts/machine/engine-http.ts';
import { shortRevision } from '../../src/lib/text/revision.ts';
import { holdfast } from '../support/program/holdfast-process.ts';
import {
  allRun,
  app,
  type ChaosSite,
  chaosSite,
  describeChaos,
  fleet,
  secretFile,
  staying,
} from '../support/site/chaos-site.ts';
import { killByHand } from '../support/site/site.ts';

const GIT = { username: 'edge', password: 'git-pony-31415926' };
const SECRETS = {
  git: GIT.password,
  value: 'value-otter-27182818',
  environment: 'environment-heron-16180339',
  content: 'content-badger-14142135',
  file: 'file-weasel-17320508',
  changed: 'changed-marten-22360679',
};
/** As it is, and as it would appear in a header, in a URL and in a body. */
const formsOf = (secret: string): string[] => [
  secret,
  Buffer.from(secret).toString('base64').replace(/=+$/, '').slice(0, -2),
  Buffer.from(`${GIT.username}:${secret}`).toString('base64').replace(/=+$/, '').slice(0, -2),
];

const expectNone = (where: string, text: string): void => {
  const found = Object.entries(SECRETS).filter(([, secret]) => formsOf(secret).some((form) => text.includes(form)));
  expect([where, found.map(([name]) => name)]).toEqual([where, []]);
};

describeChaos('secrets', () => {
  let site: ChaosSite;
  let values: string;

  beforeAll(async () => {
    site = await chaosSite({ credentials: GIT });
    values = await secretFile(join(site.dir, 'values.yaml'), `TOKEN: ${SECRETS.value}\n`);
    await site.repo.commit({ ...fleet(site), ...compose(SECRETS.environment) });
  }, 60_000);
  afterAll(() => site?.close(), 60_000);

  const compose = (password: string, more: object = {}) => ({
    ...app(
      site,
      'a',
      staying(
        {
          web: {
            environment: { TOKEN: '${TOKEN}', PASSWORD: password },
            secrets: ['inline', 'filed', 'fromvalue'],
            ...more,
          },
          hurt: { command: ['/no/such/program'], environment: { TOKEN: '${TOKEN}' } },
          leaking: {
            command: ['sh', '-c', 'echo "$$TOKEN $$PASSWORD"; cat /run/secrets/*; exit 3'],
            environment: { TOKEN: '${TOKEN}', PASSWORD: password },
            secrets: ['inline', 'filed', 'fromvalue'],
          },
        },
        {
          secrets: {
            inline: { content: SECRETS.content },
            filed: { file: './secret.txt' },
            fromvalue: { content: '${TOKEN}' },
          },
        },
      ),
    ),
    [`apps/${site.app('a')}/secret.txt`]: `${SECRETS.file}\n`,
  });
  const cli = (...args: string[]) =>
    holdfast([...args, '--site', site.name, '--values', values, '--files-dir', site.filesDir], {
      env: { DOCKER_HOST: site.host, HOLDFAST_GIT_USERNAME: GIT.username, HOLDFAST_GIT_PASSWORD: GIT.password },
    });
  const webRuns = (found: Awaited<ReturnType<ChaosSite['containers']>>): boolean =>
    found.some(({ service, state }) => service === 'web' && state === 'running');

  test('appear in no log, plan, label, name or process list, whatever happens to them', async () => {
    const environment = { HOLDFAST_GIT_USERNAME: GIT.username, HOLDFAST_GIT_PASSWORD: GIT.password };
    const agent = await site.start({ args: ['--values', values, '--log-level', 'debug'], env: environment });
    await site.sees(/^leaking restarts again and again: exit 3, last output: (?:\$\{TOKEN\}|[*;… ])+$/, { ms: 40_000 });
    await site.becomes('web runs', webRuns);
    expectNone('the command line', await readFile(`/proc/${agent.pid}/cmdline`, 'utf8'));

    // Drift in what is secret, a container killed, a new commit, credentials refused, a broken file.
    const id = (await site.containers()).find(({ service }) => service === 'web')?.id ?? '';
    const before = (await site.log()).length;
    await killByHand(site.host, id);
    await site.becomes('healed', webRuns);
    const next = await site.repo.commit(compose(SECRETS.changed));
    for (const output of ['text', 'json']) {
      const { stdout, stderr } = await cli('diff', '--repo', site.repo.url, '-o', output);
      expectNone(`diff -o ${output}`, stdout + stderr);
    }
    await site.sees(new RegExp(`^accepted ${shortRevision(next)}`), { from: before });
    await site.becomes('replaced', (found) => webRuns(found) && !found.some((one) => one.id === id));
    await site.repo.commit({
      [`apps/${site.app('a')}/compose.yaml`]: `services:\n  web:\n    image: x\n    environment: [ "A=${SECRETS.changed}", [ ${SECRETS.changed} ] ]\n    mem_limit: \${TOKEN}\n`,
    });
    await site.sees(/compose\.yaml:\d+/, { from: before });
    site.git.options.credentials = { username: 'edge', password: 'another' };
    await site.sees(/did not accept the credentials/, { from: before });
    const wrongUrl = site.repo.url.replace('://', `://${GIT.username}:${GIT.password}@`);
    const refused = await holdfast(['render', '--repo', wrongUrl, '--site', site.name]);
    expectNone('render with credentials in the URL', refused.stdout + refused.stderr);
    site.git.options.credentials = GIT;

    await writeFile(values, `TOKEN: [ ${SECRETS.value} ]\n`, { mode: 0o600 });
    const broken = await cli('diff', '--repo', site.repo.url);
    expect(broken.code).toBe(2);
    expectNone('diff with broken values', broken.stdout + broken.stderr);
    await writeFile(values, `TOKEN: ${SECRETS.value}\n`, { mode: 0o600 });

    expectNone('the log', await readFile(site.logFile, 'utf8'));
    for (const { id: one } of await site.containers()) {
      const { Name, Config } = JSON.parse(await mustAsk(site.host, 'GET', `/containers/${one}/json`)) as {
        Name: string;
        Config: { Labels: object };
      };
      expectNone('labels', JSON.stringify([Name, Config.Labels]));
    }
    expect(await agent.end('SIGTERM')).toEqual({ code: 0, signal: null });
  });

  test('are not kept if they are the site’s own; those in Git are kept only where nobody else reads', async () => {
    const folder = (await readdir(site.stateDir, { withFileTypes: true, recursive: true })).filter((one) =>
      one.isFile(),
    );
    const texts = await Promise.all(folder.map((one) => readFile(join(one.parentPath, one.name), 'utf8')));
    for (const secret of [SECRETS.git, SECRETS.value]) {
      for (const form of formsOf(secret)) expect(texts.filter((text) => text.includes(form))).toEqual([]);
    }
    expectNone('the memory', await readFile(join(site.stateDir, 'memory.json'), 'utf8'));
    await site.becomes('nothing else runs', (found) => allRun(1)(found.filter(({ service }) => service === 'web')));
  });
});
