import { existsSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { ask, mustAsk } from '../../scripts/machine/engine-http.ts';
import { until } from '../../scripts/machine/processes.ts';
import { type ChaosSite, chaosSite, fleet, IMAGE, importChaosImages } from '../support/chaos-site.ts';
import { type ComposeProject, composeProject } from '../support/compose-project.ts';
import { ENGINES } from '../support/engine-under-test.ts';
import { holdfast, type Ran } from '../support/holdfast-process.ts';

// One engine, two who keep house: the real Docker Compose and Holdfast, on the same files.
jest.setTimeout(180_000);

const peer = process.env.COMPOSE_PEER ?? '';

interface Changes {
  memory?: string;
  variable?: string;
  extra?: boolean;
  top?: string;
}

/** Much of what makes a stack: order, health, replicas, aliases, two networks, volumes named, unnamed and bound, a config, a port. */
const stack =
  ({ memory = '64m', variable = 'a', extra = true, top = '' }: Changes = {}) =>
  (name: string): string =>
    `name: ${name}
services:
  db:
    image: ${IMAGE}
    command: [stay]
    stop_grace_period: 1s
    volumes: [data:/data, /anonymous, ./conf:/conf, ./one.conf:/one.conf:ro]
    healthcheck: { test: [CMD, "true"], interval: 1s }
    mem_limit: ${memory}
  web:
    image: ${IMAGE}
    command: [stay]
    stop_grace_period: 1s
    depends_on: { db: { condition: service_healthy } }
    networks: { default: { aliases: [www] }, back: {} }
    ports: ["127.0.0.1::80"]
    environment: { V: ${variable} }
    configs: [{ source: c, target: /c }]
    deploy: { replicas: 2 }
  job:
    image: ${IMAGE}
    command: ["true"]
${extra ? `  extra:\n    image: ${IMAGE}\n    command: [stay]\n    restart: unless-stopped\n    stop_grace_period: 1s\n` : ''}
volumes: { data: {} }
networks: { back: { labels: { tier: back } } }
configs: { c: { content: hello } }
${top}`;

const files =
  (changes?: Changes) =>
  (name: string): Record<string, string> => ({
    'compose.yaml': stack(changes)(name),
    'one.conf': 'one\n',
    'conf/two.conf': 'two\n',
  });

const engines = Object.entries(ENGINES).filter(([name, host]) => host && name !== 'Podman') as [string, string][];

(existsSync(peer) && engines.length > 0 ? describe.each(engines) : describe.skip.each([['no engine', '']]))(
  'beside docker compose, on %s',
  (_, host) => {
    const projects: ComposeProject[] = [];
    const sites: ChaosSite[] = [];

    beforeAll(() => importChaosImages(host));
    afterEach(async () => {
      for (const site of sites.splice(0)) await site.close();
      for (const project of projects.splice(0)) await project.remove();
    });

    async function project(changes?: Changes): Promise<ComposeProject> {
      const made = await composeProject(peer, host, files(changes));
      projects.push(made);
      return made;
    }
    const run = (of: ComposeProject, ...args: string[]): Promise<Ran> =>
      holdfast(args, { env: { DOCKER_HOST: host }, cwd: of.folder.dir });
    const rewrite = (of: ComposeProject, changes: Changes): Promise<void> =>
      of.folder.write({ 'compose.yaml': stack(changes)(of.name) });
    const isOurs = ({ labels }: { labels: Record<string, string> }): boolean => 'dev.holdfast.site' in labels;

    test('a stack that runs is refused by name until it is adopted, and then kept as it is', async () => {
      const shop = await project();
      await shop.compose('up', '-d');
      const before = await shop.lives();

      const refused = await run(shop, 'diff');
      expect(refused.code).toBe(2);
      expect(refused.stdout).toMatch(
        new RegExp(`the name ${shop.name}-db-1 is held by .*started from ${shop.folder.dir} .*adopt: true`),
      );
      expect((await run(shop, 'apply')).code).toBe(1);
      expect(await shop.lives()).toEqual(before);

      const planned = await run(shop, 'diff', '--adopt');
      expect(planned).toMatchObject({ code: 0, stderr: '' });
      expect(planned.stdout).toContain(`= keeps ${shop.name}-db-1, ${shop.name}-extra-1, ${shop.name}-job-1, `);
      expect(await run(shop, 'apply', '--adopt')).toMatchObject({ code: 0, stderr: '' });
      expect(await shop.lives()).toEqual(before);
    });

    test('what docker compose built is run, and adopted; where the engine lacks it, that is said and nothing is pulled', async () => {
      const text = (name: string): Record<string, string> => ({
        'compose.yaml': `name: ${name}\nservices:\n  web: { build: ./web, stop_grace_period: 1s }\n`,
        'web/Dockerfile': `FROM ${IMAGE}\nCMD ["stay"]\n`,
      });
      const shop = await composeProject(peer, host, text);
      projects.push(shop);
      const lacking = await run(shop, 'apply');
      expect(lacking.code).toBe(1);
      expect(lacking.stderr).toContain(
        `image ${shop.name}-web is not on the engine: run \`docker compose build\` there`,
      );
      expect(lacking.stdout).not.toContain('pull');
      try {
        await shop.compose('up', '-d', '--build');
        const before = await shop.lives();
        expect(await run(shop, 'apply', '--adopt')).toMatchObject({ code: 0 });
        expect(await shop.lives()).toEqual(before);

        await shop.folder.write({ 'web/Dockerfile': `FROM ${IMAGE}\nENV A=b\nCMD ["stay"]\n` });
        await shop.compose('build');
        expect((await run(shop, 'apply', '--adopt')).code).toBe(0);
        expect((await shop.containers()).map((each) => isOurs(each))).toEqual([true]);
        expect((await run(shop, 'diff', '--adopt')).code).toBe(0);
      } finally {
        for (const { id } of await shop.containers()) await ask(host, 'DELETE', `/containers/${id}?force=1`);
        await ask(host, 'DELETE', `/images/${shop.name}-web?force=1`);
      }
    });

    test('what changes is changed, and nothing else; what Compose made stays Compose’s, and what is handed back is whole', async () => {
      const shop = await project();
      await shop.compose('up', '-d');
      await shop.compose('run', '--rm', '-d', '--name', `${shop.name}-once`, 'extra', 'stay');
      await shop.compose('exec', '-T', 'db', 'sh', '-c', 'echo kept > /data/mark; echo kept > /anonymous/mark');
      const [before, networks] = [await shop.lives(), await shop.networkIds()];

      // A limit is set in place, a variable needs another container, a service that Git does not name goes.
      await rewrite(shop, { memory: '48m', variable: 'b', extra: false });
      const applied = await run(shop, 'apply', '--adopt');
      expect(applied).toMatchObject({ code: 0 });
      expect(applied.stdout).toContain(`update ${shop.name}-db-1: memory: 64m, wanted 48m`);
      expect(applied.stdout).toContain(
        `replaces ${shop.name}-web-1, which docker compose made: environment: V differs`,
      );
      const after = await shop.lives();
      const same = (line: string): boolean => after.includes(line);
      expect(before.filter(same).map((line) => line.split(' ')[0])).toEqual([
        `${shop.name}-db-1`,
        `${shop.name}-job-1`,
        `${shop.name}-once`,
      ]);
      expect((await shop.containers()).filter(isOurs).map(({ name, state }) => `${name} ${state}`)).toEqual([
        `${shop.name}-web-1 running`,
        `${shop.name}-web-2 running`,
      ]);
      expect(await shop.networkIds()).toEqual(networks);
      expect((await shop.containers()).some(({ name }) => name === `${shop.name}-extra-1`)).toBe(false);

      // A new container of db takes over what the old one held, named or not, and binds the same folder.
      await rewrite(shop, { memory: '48m', variable: 'b', extra: false, top: '' });
      const text = await readFile(join(shop.folder.dir, 'compose.yaml'), 'utf8');
      await shop.folder.write({ 'compose.yaml': text.replace('mem_limit: 48m', 'mem_limit: 48m\n    user: "0"') });
      expect(await run(shop, 'apply', '--adopt')).toMatchObject({ code: 0 });
      const read = await shop.compose('exec', '-T', 'db', 'sh', '-c', 'cat /data/mark /anonymous/mark /conf/two.conf');
      expect(read.stdout).toBe('kept\nkept\ntwo\n');
      const db = (await shop.containers()).find(({ name }) => name === `${shop.name}-db-1`);
      expect(db?.labels['com.docker.compose.project.working_dir']).toBe(shop.folder.dir);
      expect(db?.mounts.find(({ Destination }) => Destination === '/conf')?.Source).toBe(join(shop.folder.dir, 'conf'));
      expect((await run(shop, 'diff', '--adopt')).code).toBe(0);

      // Compose takes them back: it makes anew what Holdfast made, once, and leaves networks and volumes alone.
      const handed = await shop.compose('up', '-d', '--yes');
      expect(handed.stderr).not.toMatch(/Network|Volume|warn/i);
      expect(await shop.networkIds()).toEqual(networks);
      const again = await shop.lives();
      await shop.compose('up', '-d');
      // A job that has ended is run by every up.
      const isJob = (line: string): boolean => line.startsWith(`${shop.name}-job-1`);
      expect((await shop.lives()).filter((line) => !isJob(line))).toEqual(again.filter((line) => !isJob(line)));
      expect((await run(shop, 'diff', '--adopt')).code).toBe(0);
      await ask(host, 'DELETE', `/containers/${shop.name}-once?force=1`);
    });

    test('down takes adopted containers down, says which networks it leaves, and leaves volumes', async () => {
      const shop = await project();
      await shop.compose('up', '-d');
      const networks = await shop.networkIds();
      const ran = await run(shop, 'down', '--adopt');
      expect(ran.code).toBe(0);
      expect(ran.stderr).toContain(`network ${shop.name}_back, which docker compose made, stays`);
      expect(await shop.containers()).toEqual([]);
      expect(await shop.networkIds()).toEqual(networks);
      expect((await ask(host, 'GET', `/volumes/${shop.name}_data`)).status).toBe(200);
    });

    test('down stops dependents before what they depend on, as docker compose down does', async () => {
      // By name the order would be another one.
      const chain = (name: string): string =>
        `name: ${name}\nservices:\n${[
          ['a', ''],
          ['b', '[c]'],
          ['c', '[a]'],
        ]
          .map(
            ([service, needs]) =>
              `  ${service}:\n    image: ${IMAGE}\n    command: [stay]\n${needs ? `    depends_on: ${needs}\n` : ''}`,
          )
          .join('')}`;
      const shop = await composeProject(peer, host, (name) => ({ 'compose.yaml': chain(name) }));
      projects.push(shop);
      const stopped = async (take: () => Promise<unknown>): Promise<string[]> => {
        await shop.compose('up', '-d');
        const since = Date.now() / 1000;
        await take();
        const filters = JSON.stringify({ event: ['die'], label: [`com.docker.compose.project=${shop.name}`] });
        const query = new URLSearchParams({
          since: since.toFixed(3),
          until: (Date.now() / 1000 + 1).toFixed(3),
          filters,
        });
        const events = (await mustAsk(host, 'GET', `/events?${query}`)).split('\n').filter(Boolean);
        return events.map((line) => JSON.parse(line).Actor.Attributes['com.docker.compose.service'] as string);
      };
      const byPeer = await stopped(() => shop.compose('down'));
      expect(byPeer).toEqual(['b', 'c', 'a']);
      expect(await stopped(() => run(shop, 'down', '--adopt'))).toEqual(byPeer);
    });

    test('docker compose ps, ls, logs, top, stop and start work on what Holdfast runs', async () => {
      const shop = await project();
      expect(await run(shop, 'apply')).toMatchObject({ code: 0 });
      const quiet = async (...args: string[]): Promise<string> => {
        const { stdout, stderr } = await shop.compose(...args);
        expect(stderr).not.toMatch(/warn|error/i);
        return stdout;
      };
      const services = (await quiet('ps', '-a', '--format', 'json'))
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as { Name: string; Service: string; State: string; Health: string });
      expect(services.map(({ Name, Service, State }) => `${Name} ${Service} ${State}`).sort()).toEqual([
        `${shop.name}-db-1 db running`,
        `${shop.name}-extra-1 extra running`,
        `${shop.name}-job-1 job exited`,
        `${shop.name}-web-1 web running`,
        `${shop.name}-web-2 web running`,
      ]);
      expect(services.find(({ Service }) => Service === 'db')?.Health).toBe('healthy');
      expect(await quiet('ls', '-a')).toMatch(new RegExp(`${shop.name}\\s+exited\\(1\\), running\\(4\\)`));
      // An engine in a root of its own has no ps to ask.
      if ((await ask(host, 'GET', `/containers/${shop.name}-web-1/top`)).status === 200)
        expect(await quiet('top', 'web')).toMatch(/stay/);
      await quiet('logs', 'web');
      await quiet('stop', 'web');
      expect((await shop.containers()).filter(({ state }) => state === 'exited')).toHaveLength(3);
      await quiet('start', 'web');
      expect((await shop.containers()).filter(({ state }) => state === 'running')).toHaveLength(4);

      // It is no stranger to what Holdfast made, either: up asks nothing about volumes, and makes no network anew.
      const networks = await shop.networkIds();
      await mustAsk(host, 'GET', `/volumes/${shop.name}_data`);
      const { stderr } = await shop.compose('up', '-d', '--yes');
      expect(stderr).not.toMatch(/Network|Volume|warn/i);
      expect(await shop.networkIds()).toEqual(networks);
    });

    test('the agent adopts a stack of a Compose file in a subfolder, with what that binds from around it', async () => {
      const text = (name: string): Record<string, string> => ({
        'deploy/compose.yaml': `name: ${name}
services:
  web:
    image: ${IMAGE}
    command: [stay]
    stop_grace_period: 1s
    volumes: [./conf/site.conf:/site, ../conf:/conf, ../data:/data, "../../${name}-beside:/beside"]
`,
        'deploy/conf/site.conf': 'site\n',
        'conf/a': 'a\n',
      });
      const shop = await composeProject(peer, host, text);
      projects.push(shop);
      await shop.compose('-f', 'deploy/compose.yaml', 'up', '-d');
      const before = await shop.lives();
      const site = await chaosSite({ host });
      sites.push(site);
      await site.repo.commit({
        ...fleet(site),
        [`apps/${shop.name}/app.yaml`]:
          'apiVersion: holdfast/v1\nkind: Application\nspec: { adopt: true, compose: [deploy/compose.yaml] }\n',
        ...Object.fromEntries(
          Object.entries(text(shop.name)).map(([path, content]) => [`apps/${shop.name}/${path}`, content]),
        ),
      });
      const narrow = await site.start({ args: ['--project-root', join(shop.folder.dir, 'deploy')] });
      await site.sees(new RegExp(`--project-root ${shop.folder.dir} where the agent is started`));
      await narrow.end('SIGTERM');
      await site.start({ args: ['--project-root', shop.folder.dir] });
      await site.sees(/web-1, which docker compose made, is adopted/);
      expect(await shop.lives()).toEqual(before);

      // Made anew, it binds what it bound.
      const [{ mounts } = { mounts: [] }] = await shop.containers();
      for (const { id } of await shop.containers()) await ask(host, 'DELETE', `/containers/${id}?force=1`);
      await site.becomes('web runs again', (found) => found.length === 1 && found[0]?.state === 'running');
      const sources = (all: typeof mounts): string[] => all.map(({ Source }) => Source).sort();
      expect(sources((await shop.containers())[0]?.mounts ?? [])).toEqual(sources(mounts));
      await rm(join(shop.folder.dir, '..', `${shop.name}-beside`), { recursive: true });
    });

    test('the agent adopts, keeps the folder for good, and heals, replaces and prunes what it adopted', async () => {
      const shop = await project();
      await shop.compose('up', '-d');
      const before = await shop.lives();
      const site = await chaosSite({ host });
      sites.push(site);
      const application = 'apiVersion: holdfast/v1\nkind: Application\nspec: { adopt: true }\n';
      const app = (changes: Changes): Record<string, string> => ({
        [`apps/${shop.name}/app.yaml`]: application,
        ...Object.fromEntries(
          Object.entries(files(changes)(shop.name)).map(([path, text]) => [`apps/${shop.name}/${path}`, text]),
        ),
      });
      await site.repo.commit({ ...fleet(site), ...app({}) });
      const life = await site.start({ args: ['--project-root', shop.folder.dir] });
      await site.sees(new RegExp(`${shop.name}-web-2, which docker compose made, is adopted`));
      expect(await shop.lives()).toEqual(before);

      // Stopped by hand, it is started again; nobody asks who made it.
      await mustAsk(host, 'POST', `/containers/${shop.name}-extra-1/stop?t=1`);
      const runs = async (name: string): Promise<boolean> =>
        (await shop.containers()).some((one) => one.name === `${shop.name}-${name}` && one.state === 'running');
      expect(await until(() => runs('extra-1'), 20_000)).toBe(true);

      await site.repo.commit(app({ variable: 'b', extra: false }));
      await site.becomes(
        'web is replaced',
        (found) =>
          found.map(({ name, state }) => `${name} ${state}`).join() ===
          `${shop.name}-web-1 running,${shop.name}-web-2 running`,
      );
      expect(await until(async () => !(await runs('extra-1')), 20_000)).toBe(true);

      // Every container goes; the next life of the agent, which cannot ask the repo, makes them anew where they were.
      await life.end('SIGKILL');
      await site.git.close();
      for (const { id } of await shop.containers()) await ask(host, 'DELETE', `/containers/${id}?force=1`);
      await site.start({ args: ['--project-root', shop.folder.dir] });
      await site.becomes(
        'all run again',
        (found) => found.filter(({ state }) => state === 'running').length === 3,
        30_000,
      );
      const db = (await shop.containers()).find(({ name }) => name === `${shop.name}-db-1`);
      expect(db?.mounts.find(({ Destination }) => Destination === '/conf')?.Source).toBe(join(shop.folder.dir, 'conf'));
      expect((await shop.containers()).every(isOurs)).toBe(true);
    });
  },
);

const podman = ENGINES.Podman ?? '';
(podman && existsSync(peer) ? describe : describe.skip)('beside docker compose, on Podman', () => {
  test('a stack that runs is adopted as it is, and a change replaces what it concerns', async () => {
    await importChaosImages(podman);
    const text =
      (variable: string) =>
      (name: string): Record<string, string> => ({
        'compose.yaml': `name: ${name}
services:
  web: { image: "${IMAGE}", command: [stay], environment: { V: ${variable} }, stop_grace_period: 1s }
  db: { image: "${IMAGE}", command: [stay], volumes: ["data:/data", "./conf:/conf"], mem_limit: 64m, stop_grace_period: 1s }
volumes: { data: {} }
`,
        'conf/a': 'a\n',
      });
    const shop = await composeProject(peer, podman, text('a'));
    const run = (...args: string[]): Promise<Ran> =>
      holdfast(args, { env: { DOCKER_HOST: podman }, cwd: shop.folder.dir });
    try {
      await shop.compose('up', '-d');
      const before = await shop.lives();
      expect(await run('diff', '--adopt')).toMatchObject({ code: 0, stderr: '' });
      expect(await run('apply', '--adopt')).toMatchObject({ code: 0, stderr: '' });
      expect(await shop.lives()).toEqual(before);
      await shop.folder.write(text('b')(shop.name));
      expect((await run('apply', '--adopt')).code).toBe(0);
      const after = await shop.lives();
      expect(after.filter((line) => before.includes(line)).map((line) => line.split(' ')[0])).toEqual([
        `${shop.name}-db-1`,
      ]);
      expect((await run('diff', '--adopt')).code).toBe(0);
    } finally {
      await shop.remove();
    }
  });
});
