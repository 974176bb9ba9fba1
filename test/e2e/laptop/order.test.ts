import { expect, jest, test } from '@jest/globals';
import { IMAGE } from '../../support/site/chaos-site.ts';
import { containersOf } from '../../support/site/site.ts';
import { atLaptop, fleet, host, laptop, one, run, statesOf } from './laptop.ts';

jest.setTimeout(120_000);

const { uniqueApp, folderWith } = laptop();
const depending = (on: string): string =>
  `apiVersion: holdfast/v1\nkind: Application\nspec:\n  dependsOn:\n    - ${on}\n`;

atLaptop('the order of apps', () => {
  test('diff names the app that another one waits for, apply and down keep the order', async () => {
    const [site, db, pos] = [uniqueApp(), uniqueApp(), uniqueApp()];
    const checked = `services:
  db:
    image: ${IMAGE}
    healthcheck: { test: [CMD, sh, -c, "sleep 1"], interval: 1s }
`;
    const folder = await folderWith({
      ...fleet(site, { [db]: checked, [pos]: one() }),
      [`apps/${pos}/app.yaml`]: depending(db),
    });
    const diff = await run(folder, 'diff');
    expect(diff.code).toBe(1);
    expect(diff.stdout).toContain(`[withheld: it waits for app ${db}: its change is not done yet]`);
    const json = JSON.parse((await run(folder, 'diff', '-o', 'json')).stdout);
    const created = json.apps
      .find(({ app }: { app: string }) => app === pos)
      .operations.find(({ kind }: { kind: string }) => kind === 'createContainer');
    expect(created.withheld.by).toBe('dependsOn');

    const applied = await run(folder, 'apply');
    expect(applied).toMatchObject({ code: 0, stderr: '' });
    const lines = applied.stdout.split('\n');
    const at = (words: string): number => lines.findIndex((line) => line.includes(words));
    expect(at(`start ${pos}-web-1`)).toBeGreaterThan(at(`start ${db}-db-1`));
    const [database] = await containersOf(host, { app: db });
    expect(database?.health).toBe('healthy');
    expect((await run(folder, 'diff')).code).toBe(0);

    const down = await run(folder, 'down');
    expect(down.code).toBe(0);
    const gone = down.stdout.split('\n');
    const index = (words: string): number => gone.findIndex((line) => line.includes(words));
    expect(index(`remove ${pos}-web-1`)).toBeGreaterThan(-1);
    expect(index(`stop ${db}-db-1`)).toBeGreaterThan(index(`remove ${pos}-web-1`));
    expect(await statesOf(db)).toEqual([]);
  });

  test('an app that is not placed beside the one that depends on it is a warning of diff, and is gone without', async () => {
    const [site, pos] = [uniqueApp(), uniqueApp()];
    const folder = await folderWith({ ...fleet(site, { [pos]: one() }), [`apps/${pos}/app.yaml`]: depending('dbb') });
    const diff = await run(folder, 'diff');
    expect(diff.stdout + diff.stderr).toContain(
      `apps/${pos}/app.yaml:5:7: depends on dbb, which is not placed on this site`,
    );
    expect(await run(folder, 'apply')).toMatchObject({ code: 0 });
    expect(await statesOf(pos)).toEqual(['web-1 running']);
  });
});
