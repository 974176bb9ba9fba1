import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { mustAsk } from '../../../scripts/machine/engine-http.ts';
import { until } from '../../../scripts/machine/processes.ts';
import { holdfast } from '../../support/program/holdfast-process.ts';
import { allRun, app, describeChaos, fleet, HOST, IMAGE, PATIENCE_MS, staying } from '../../support/site/chaos-site.ts';
import { execIn } from '../../support/site/site.ts';
import { agentProcess, endsCleanly, site } from './agent-process.ts';

agentProcess();

describeChaos('the agent stays, whatever Git says,', () => {
  test('and tells what is wrong with a commit, with its place; the last good state holds', async () => {
    await site.repo.commit({
      ...fleet(site),
      ...app(site, 'a', staying({ web: {} })),
      ...app(site, 'b', staying({ db: {} })),
    });
    const life = await site.start();
    await site.becomes('both run', allRun(2));
    const broken = site.app('a');
    await site.repo.commit({
      [`apps/${broken}/compose.yaml`]: 'services:\n  web:\n    imag: x\n',
      ...app(site, 'b', staying({ db: { environment: { NEW: '1' } } })),
    });
    await site.sees(new RegExp(`apps/${broken}/compose.yaml:3:5: unknown key imag.*stays as it was at`));
    await site.sees(/has taken over/);
    await mustAsk(HOST, 'POST', `/containers/${broken}-web-1/kill`);
    await site.becomes('an app that is broken in Git is still healed', allRun(2));
    expect((await site.containers()).map(({ image }) => image)).toEqual([IMAGE, IMAGE]);
    await endsCleanly(life);
  });
});

describeChaos('paths of a Compose file lead, as with docker compose,', () => {
  /** The paths that a container of the site binds, by where it sees them. */
  async function bound(container: string): Promise<Record<string, string>> {
    const { Mounts } = JSON.parse(await mustAsk(HOST, 'GET', `/containers/${container}/json`)) as {
      Mounts: { Source: string; Destination: string }[];
    };
    return Object.fromEntries(Mounts.map(({ Source, Destination }) => [Destination, Source]));
  }

  test('from the folder of the first file to its neighbours, to copies of what Git has elsewhere, and to data beside', async () => {
    const [shop, data] = [site.app('shop'), site.app('data')];
    const volumes = [
      './conf/site.conf:/conf',
      '../top:/top',
      '../../common/nginx.conf:/nginx',
      `../../${data}:/data`,
      './conf/sit.conf:/slip',
    ];
    const compose = (more: object = {}): string => staying({ web: { volumes, ...more } });
    await site.repo.commit({
      ...fleet(site),
      [`apps/${shop}/app.yaml`]:
        'apiVersion: holdfast/v1\nkind: Application\nspec: { compose: [deploy/compose.yaml] }\n',
      [`apps/${shop}/deploy/compose.yaml`]: compose(),
      [`apps/${shop}/deploy/conf/site.conf`]: 'site\n',
      [`apps/${shop}/deploy/conf/slip.conf`]: 'slip\n',
      [`apps/${shop}/top/a`]: 'a\n',
      'apps/common/nginx.conf': 'one\n',
    });
    const life = await site.start({ args: ['--resync', '2s'] });
    await site.becomes('web runs', allRun(1));
    const own = join(site.filesDir, shop);
    const copy = join(own, '.repo/apps/common/nginx.conf');
    expect(await bound(`${shop}-web-1`)).toEqual({
      '/conf': join(own, 'deploy/conf/site.conf'),
      '/top': join(own, 'top'),
      '/nginx': copy,
      '/data': join(site.filesDir, data),
      '/slip': join(own, 'deploy/conf/sit.conf'),
    });
    expect(await readFile(join(own, 'deploy/conf/site.conf'), 'utf8')).toBe('site\n');
    expect(await readFile(join(own, 'top/a'), 'utf8')).toBe('a\n');
    await writeFile(join(site.filesDir, data, 'kept'), 'kept');
    const warning = /deploy\/conf\/sit\.conf; .*did you mean \.\/conf\/slip\.conf\?/;
    await site.sees(warning);

    // The agent mends a copy that a container changed, and the next commit brings another one.
    await execIn(HOST, `${shop}-web-1`, ['sh', '-c', 'echo spoilt > /nginx']);
    const holds = async (text: string): Promise<boolean> => (await readFile(copy, 'utf8').catch(() => '')) === text;
    expect(await until(() => holds('one\n'), PATIENCE_MS)).toBe(true);
    const second = await site.repo.commit({ 'apps/common/nginx.conf': 'two\n' });
    expect(await until(() => holds('two\n'), PATIENCE_MS)).toBe(true);
    await site.isAs(second);

    // Neither does what was copied become data, nor data an app.
    await site.repo.commit({ 'apps/common/nginx.conf': null, ...app(site, 'data', staying({ db: {} })) });
    await site.sees(/nginx\.conf was a copy from Git .* stays as it was at/);
    await site.sees(new RegExp(`the folder ${data} in the folder of all apps is also claimed by the app ${shop}`));
    expect((await bound(`${shop}-web-1`))['/nginx']).toBe(copy);
    // A laptop that knows nothing of the site asks its containers and comes to the same.
    const laptop = ['diff', '--repo', site.repo.url, '--site', site.name, '--files-dir', site.filesDir];
    const { code, stdout } = await holdfast([...laptop, '--docker-host', HOST]);
    expect([code, stdout]).toEqual([2, expect.stringMatching(/binds .*, and would now bind .* would vanish/)]);
    expect((await site.containers()).map(({ name }) => name)).toEqual([`${shop}-web-1`]);

    await site.repo.commit({ [`apps/${shop}/app.yaml`]: null });
    await site.becomes(
      'shop is gone and data runs',
      (found) => found.map(({ name }) => name).join() === `${data}-db-1`,
    );
    expect(await until(async () => !existsSync(copy), PATIENCE_MS)).toBe(true);
    expect(await readFile(join(site.filesDir, data, 'kept'), 'utf8')).toBe('kept');
    expect((await site.log()).filter(({ message }) => warning.test(message))).toHaveLength(1);
    await endsCleanly(life);
  });
});
