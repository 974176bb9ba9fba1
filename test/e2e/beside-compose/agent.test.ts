import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, jest, test } from '@jest/globals';
import { ask, mustAsk } from '../../../scripts/machine/engine-http.ts';
import { until } from '../../../scripts/machine/processes.ts';
import { fleet, IMAGE, PATIENCE_MS } from '../../support/site/chaos-site.ts';
import { besideCompose, type Changes, files, isOurs } from './beside.ts';

jest.setTimeout(180_000);

besideCompose(['Docker 20.10', 'a newer Docker'], ({ host, project, site: newSite }) => {
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
    const shop = await project(text);
    await shop.compose('-f', 'deploy/compose.yaml', 'up', '-d');
    const before = await shop.lives();
    const site = await newSite();
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

    // The container that replaces it binds the same paths.
    const [{ mounts } = { mounts: [] }] = await shop.containers();
    for (const { id } of await shop.containers()) await ask(host, 'DELETE', `/containers/${id}?force=1`);
    await site.becomes('web runs again', (found) => found.length === 1 && found[0]?.state === 'running');
    const sources = (all: typeof mounts): string[] => all.map(({ Source }) => Source).sort();
    expect(sources((await shop.containers())[0]?.mounts ?? [])).toEqual(sources(mounts));
    await rm(join(shop.folder.dir, '..', `${shop.name}-beside`), { recursive: true });
  });

  test('the agent adopts, keeps the folder for good, and heals, replaces and prunes what it adopted', async () => {
    const shop = await project(files());
    await shop.compose('up', '-d');
    const before = await shop.lives();
    const site = await newSite();
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
    expect(await until(() => runs('extra-1'), PATIENCE_MS)).toBe(true);

    await site.repo.commit(app({ variable: 'b', extra: false }));
    await site.becomes(
      'web is replaced',
      (found) =>
        found.map(({ name, state }) => `${name} ${state}`).join() ===
        `${shop.name}-web-1 running,${shop.name}-web-2 running`,
    );
    expect(await until(async () => !(await runs('extra-1')), PATIENCE_MS)).toBe(true);

    // Every container goes; the next life of the agent cannot ask the repo, and creates them again where they were.
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
});
