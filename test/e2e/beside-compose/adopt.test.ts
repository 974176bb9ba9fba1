import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, jest, test } from '@jest/globals';
import { ask } from '../../../scripts/machine/engine-http.ts';
import { IMAGE } from '../../support/site/chaos-site.ts';
import type { ComposeProject } from '../../support/site/compose-project.ts';
import { besideCompose, type Changes, files, isOurs, stack } from './beside.ts';

jest.setTimeout(180_000);

besideCompose(['Docker 20.10', 'a newer Docker'], ({ host, project, run }) => {
  const rewrite = (of: ComposeProject, changes: Changes): Promise<void> =>
    of.folder.write({ 'compose.yaml': stack(changes)(of.name) });

  test('a stack that runs is refused by name until it is adopted, and then kept as it is', async () => {
    const shop = await project(files());
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

  test('images that docker compose built run and are adopted; if the engine lacks one, apply says so and pulls nothing', async () => {
    const text = (name: string): Record<string, string> => ({
      'compose.yaml': `name: ${name}\nservices:\n  web: { build: ./web, stop_grace_period: 1s }\n`,
      'web/Dockerfile': `FROM ${IMAGE}\nCMD ["stay"]\n`,
    });
    const shop = await project(text);
    const lacking = await run(shop, 'apply');
    expect(lacking.code).toBe(1);
    expect(lacking.stderr).toContain(`image ${shop.name}-web is not on the engine: run \`docker compose build\` there`);
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

  test('apply changes only what differs; containers that Compose made stay Compose’s, and all is whole when Compose takes it back', async () => {
    const shop = await project(files());
    await shop.compose('up', '-d');
    await shop.compose('run', '--rm', '-d', '--name', `${shop.name}-once`, 'extra', 'stay');
    await shop.compose('exec', '-T', 'db', 'sh', '-c', 'echo kept > /data/mark; echo kept > /anonymous/mark');
    const [before, networks] = [await shop.lives(), await shop.networkIds()];

    // A limit is set in place, a variable needs another container, a service that Git does not name goes.
    await rewrite(shop, { memory: '48m', variable: 'b', extra: false });
    const applied = await run(shop, 'apply', '--adopt');
    expect(applied).toMatchObject({ code: 0 });
    expect(applied.stdout).toContain(`update ${shop.name}-db-1: memory: 64m, wanted 48m`);
    expect(applied.stdout).toContain(`replaces ${shop.name}-web-1, which docker compose made: environment: V differs`);
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

    // Compose takes them back: it replaces the containers that Holdfast made, once, and leaves networks and volumes alone.
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
});
