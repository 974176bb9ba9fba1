import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { mustAsk } from '../../../scripts/machine/engine-http.ts';
import { until } from '../../../scripts/machine/processes.ts';
import { shortRevision } from '../../../src/lib/text/revision.ts';
import type { Change } from '../../support/git/git-repo.ts';
import { signedCommit } from '../../support/git/signed-repo.ts';
import { type KeyPair, sshKeyPair } from '../../support/git/signing.ts';
import type { BuiltProgram } from '../../support/program/built-program.ts';
import type { AgentProcess } from '../../support/program/holdfast-process.ts';
import { asReleased, releasedProgram, releases } from '../../support/program/release.ts';
import { type ChaosSite, chaosSite, fleet, HOST, IMAGE, LENT, PATIENCE_MS } from '../../support/site/chaos-site.ts';
import { type ComposeProject, composeProject } from '../../support/site/compose-project.ts';
import { execIn, killByHand, removeByHand, volumesOf } from '../../support/site/site.ts';

// An agent is updated, and the update is undone, while Git cannot be reached. All apps run on and are healed.
jest.setTimeout(180_000);

const peer = process.env.COMPOSE_PEER ?? '';
const RELEASES = await releases();
/** Before the first release both are this work tree. */
const OLD = RELEASES.length > 0 ? RELEASES : ['this work tree'];

(LENT && existsSync(peer) ? describe : describe.skip).each(OLD)('a site that is updated from %s', (version) => {
  let old: BuiltProgram;
  let next: BuiltProgram;
  let site: ChaosSite;
  let shop: ComposeProject;
  let ada: KeyPair;

  beforeEach(async () => {
    [site, shop, old, next] = await Promise.all([
      chaosSite(),
      composeProject(peer, HOST, stack),
      RELEASES.length > 0 ? releasedProgram(version) : asReleased(),
      asReleased(),
    ]);
    ada = await sshKeyPair(site.dir, 'ada');
    const trust = { kind: 'Trust', spec: { signers: [{ name: 'ada', ssh: [ada.line] }] } };
    await writeFile(join(site.dir, 'trust.yaml'), JSON.stringify({ apiVersion: 'holdfast/v1', ...trust }));
  });
  afterEach(async () => {
    await site.close();
    await shop.remove();
    await Promise.all([old.remove(), next.remove()]);
  });

  const start = ({ dir }: BuiltProgram): Promise<AgentProcess> =>
    site.start({
      command: [process.execPath, join(dir, 'holdfast.js')],
      args: ['--trust', join(site.dir, 'trust.yaml'), '--project-root', shop.folder.dir],
    });
  const commit = (change: Change, from?: string): Promise<string> =>
    signedCommit(site.repo, change, { by: ada, ...(from !== undefined && { from }) });
  /** One service of each app, of two replicas: another one is killed each time, as the same one again would be healed later and later. */
  const services = (): string[] => [`${site.app('web')}-web`, `${site.app('job')}-later`, `${shop.name}-till`];

  test('keeps every container, volume, file and memory, both ways, and goes on from there', async () => {
    const first = await commit({ ...fleet(site), ...apps(site, shop.name, 'one') });
    await site.repo.git(['tag', 'v1', first]);
    // The pin holds the apps at v1, whatever main says.
    const pinned = await commit({ ...pin(site, 'v1'), ...apps(site, shop.name, 'two') });
    await shop.compose('up', '-d');
    let agent = await start(old);
    await site.sees(/^all as/);
    await execIn(HOST, `${site.app('web')}-web-1`, ['sh', '-c', 'echo kept > /data/mark']);
    // It has seen the job end, since what comes after it runs. From now on the agent alone remembers that.
    await site.becomes('all run', (found) => found.filter(({ state }) => state === 'running').length === 4);
    await removeByHand(HOST, `${site.app('job')}-job-1`);
    const before = await everything(site, shop);
    expect(before.containers).toHaveLength(6);
    expect(before.files).toContainEqual([join(site.app('web'), 'deploy', 'site.conf'), 'one\n']);

    for (const [index, program] of [next, old].entries()) {
      await agent.end('SIGTERM');
      await site.git.stop();
      const from = (await site.log()).length;
      agent = await start(program);
      await site.sees(/^enforcing .*, accepted before/, { from });
      await site.sees(/^cannot read/, { from });
      await Promise.all(services().map((service) => isHealed(`${service}-${index + 1}`)));
      expect(await everything(site, shop)).toEqual(before);
      expect(agent.hasExited()).toBe(false);
      const said = (await site.log()).slice(from);
      expect(said.filter(({ message }) => /damaged|lost/.test(message))).toEqual([]);

      // As soon as Git answers, the agent gathers again the apps that rules of another version compiled. The result is the same.
      await site.git.start();
      await site.sees(/answers again/, { from });
      if (program === next && (await versionOf(old)) !== (await versionOf(next)))
        await site.sees(new RegExp(`^accepted ${shortRevision(pinned)}`), { from });
      expect(await everything(site, shop)).toEqual(before);
    }

    // The floor was handed on: what went before is refused, and what comes after is accepted.
    const from = (await site.log()).length;
    await commit(apps(site, shop.name, 'evil'), first);
    await site.sees(/is refused/, { from });
    const last = await commit(pin(site, undefined), pinned);
    await site.isAs(last, { from });
    expect(await execIn(HOST, `${site.app('web')}-web-1`, ['cat', '/data/mark', '/site.conf'])).toMatch(
      /^kept\s+two\s+$/,
    );
  });

  async function isHealed(name: string): Promise<void> {
    const startedAt = async (): Promise<string> => {
      const { State } = JSON.parse(await mustAsk(HOST, 'GET', `/containers/${name}/json`));
      return State.Running ? State.StartedAt : '';
    };
    const once = await startedAt();
    await killByHand(HOST, name);
    const isBack = async (): Promise<boolean> => !['', once].includes(await startedAt());
    expect([name, await until(isBack, PATIENCE_MS)]).toEqual([name, true]);
  }
});

/** The stack that docker compose started before there was an agent. */
const stack = (name: string): Record<string, string> => ({
  'compose.yaml': `name: ${name}
services:
  till: { image: "${IMAGE}", command: [stay], stop_grace_period: 1s, scale: 2, volumes: ["data:/data", "./till.conf:/till.conf:ro"] }
volumes: { data: {} }
`,
  'till.conf': 'till\n',
});

const head = (kind: string, spec: object): string => JSON.stringify({ apiVersion: 'holdfast/v1', kind, spec });

const pin = (site: ChaosSite, targetRevision: string | undefined): Change => ({
  [`sites/${site.name}.yaml`]: head('Site', { ...(targetRevision && { targetRevision }) }),
});

/** A Compose file in a subfolder that binds what lies around it, a stack to adopt, and a job. */
const apps = (site: ChaosSite, project: string, text: string): Change => ({
  [`apps/${site.app('web')}/app.yaml`]: head('Application', { compose: ['deploy/compose.yaml'] }),
  [`apps/${site.app('web')}/deploy/compose.yaml`]: `services:
  web:
    image: "${IMAGE}"
    command: [stay]
    stop_grace_period: 1s
    scale: 2
    environment: { TEXT: ${text} }
    volumes: ["data:/data", "./site.conf:/site.conf:ro", "../conf:/conf:ro"]
volumes: { data: {} }
`,
  [`apps/${site.app('web')}/deploy/site.conf`]: `${text}\n`,
  [`apps/${site.app('web')}/conf/more.conf`]: 'more\n',
  [`apps/${site.app('job')}/app.yaml`]: head('Application', {}),
  [`apps/${site.app('job')}/compose.yaml`]: `services:
  job: { image: "${IMAGE}", command: ["true"] }
  later:
    image: "${IMAGE}"
    command: [stay]
    stop_grace_period: 1s
    scale: 2
    depends_on: { job: { condition: service_completed_successfully } }
`,
  [`apps/${project}/app.yaml`]: head('Application', { adopt: true }),
  ...Object.fromEntries(Object.entries(stack(project)).map(([path, content]) => [`apps/${project}/${path}`, content])),
});

interface Everything {
  containers: string[];
  volumes: string[];
  files: [path: string, content: string][];
}

/** All that must stay: containers by ID, volumes, files of Git with their content. */
async function everything(site: ChaosSite, shop: ComposeProject): Promise<Everything> {
  const ours = (await site.containers()).map(({ name, id }) => `${name} ${id}`);
  const adopted = (await shop.containers()).map(({ name, id }) => `${name} ${id}`);
  const entries = await readdir(site.filesDir, { recursive: true, withFileTypes: true });
  const paths = entries.filter((each) => each.isFile()).map(({ parentPath, name }) => join(parentPath, name));
  const files = await Promise.all(
    paths.sort().map(async (path): Promise<[string, string]> => {
      return [path.slice(site.filesDir.length + 1), await readFile(path, 'utf8')];
    }),
  );
  return { containers: [...ours, ...adopted], volumes: await volumesOf(HOST, site.name), files };
}

async function versionOf({ dir }: BuiltProgram): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [join(dir, 'holdfast.js'), '--version']);
  return stdout.trim();
}
