import { expect, jest, test } from '@jest/globals';
import { IMAGE, IMAGE_2 } from '../../support/site/chaos-site.ts';
import { killByHand } from '../../support/site/site.ts';
import { atLaptop, fleet, host, laptop, one, run, statesOf } from './laptop.ts';

jest.setTimeout(120_000);

const { uniqueApp, folderWith } = laptop();

/** A window of an hour, twelve hours away from now, in UTC. */
const farAway = (more = ''): string => {
  const hour = (new Date().getUTCHours() + 12) % 24;
  return `apiVersion: holdfast/v1\nkind: Application\nspec:\n  syncWindows:\n    - {kind: allow, schedule: "30 ${hour} * * *", duration: 1h${more}}\n`;
};

atLaptop('sync windows', () => {
  test('while they are closed, diff tells the next opening, apply changes nothing and heals, and manualSync lets it', async () => {
    const [site, app] = [uniqueApp(), uniqueApp()];
    const folder = await folderWith(fleet(site, { [app]: one() }));
    expect((await run(folder, 'apply')).code).toBe(0);
    const changed = one().replace(IMAGE, IMAGE_2);
    await folder.write({ [`apps/${app}/app.yaml`]: farAway(), [`apps/${app}/compose.yaml`]: changed });

    const diff = await run(folder, 'diff');
    expect(diff.code).toBe(1);
    expect(diff.stdout).toMatch(
      /withheld: no sync window is open of allow "30 \d+ .*; next opening \d{4}-\d\d-\d\d \d\d:30 UTC\]/,
    );
    const json = JSON.parse((await run(folder, 'diff', '-o', 'json')).stdout);
    expect(json.apps[0].operations[0].withheld).toEqual({
      by: 'syncWindow',
      text: expect.stringContaining('next opening'),
      opens: expect.stringMatching(/:30:00\.000Z$/),
    });

    await killByHand(host, `${app}-web-1`);
    const held = await run(folder, 'apply');
    expect(held.code).toBe(0);
    expect(held.stdout).toMatch(/left as it is: .*next opening/);
    expect(await statesOf(app)).toEqual(['web-1 running']);
    expect((await run(folder, 'diff')).code).toBe(1);

    await folder.write({ [`apps/${app}/app.yaml`]: farAway(', manualSync: true') });
    expect((await run(folder, 'apply')).code).toBe(0);
    expect((await run(folder, 'diff')).code).toBe(0);
  });
});
