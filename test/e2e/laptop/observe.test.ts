import { join } from 'node:path';
import { expect, jest, test } from '@jest/globals';
import { git } from '../../support/git/clones.ts';
import { IMAGE_2 } from '../../support/site/chaos-site.ts';
import { killByHand } from '../../support/site/site.ts';

import { atLaptop, fleet, host, laptop, one, run } from './laptop.ts';

jest.setTimeout(120_000);

const { uniqueApp, folderWith } = laptop();

atLaptop('observe', () => {
  test('observe writes down a site without its secrets, and diff --fleet compares with that', async () => {
    const app = uniqueApp();
    const text = one().replace(
      '\n    command',
      '\n    environment: { TOKEN: "${TOKEN}", MODE: fast }\n    secrets: [token]\n    command',
    );
    const files = fleet(app, { [app]: `${text}secrets: { token: { content: "\${TOKEN}" } }\n` });
    const folder = await folderWith({
      ...files,
      'fleet.yaml': 'apiVersion: holdfast/v1\nkind: Fleet\nspec: { siteValues: [TOKEN] }\n',
      'sites/other.yaml': 'apiVersion: holdfast/v1\nkind: Site\nspec: { allowEmpty: true }\n',
      'values.yaml': 'TOKEN: hunter2-on-the-site\n',
    });
    const at = ['--site', app];
    expect(await run(folder, 'apply', ...at, '--values', 'values.yaml')).toMatchObject({ code: 0 });
    git(folder.dir, 'init', '-q');
    const same = ['--from', 'worktree', '--to', 'worktree', '--actual', 'observed'];
    const observe = () => run(folder, 'observe', ...at, '--dir', 'observed');
    const file = join(folder.dir, 'observed', `${app}.json`);
    expect(await observe()).toEqual({ code: 0, stdout: `${file}\n`, stderr: '' });
    const printed = await run(folder, 'observe', ...at);
    expect(printed.stdout).toContain('"environment.TOKEN"');
    expect(printed.stdout).not.toContain('hunter2');

    // The site is as it should be, and of the other one nothing is known.
    const first = await run(folder, 'diff', '--fleet', ...same);
    expect(first).toMatchObject({ code: 1, stdout: expect.stringContaining('there is no observation of it') });
    expect(first.stdout).not.toContain(app);
    expect(await run(folder, 'diff', '--fleet', ...same, ...at)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('content not compared with what runs on 1 site: configs, secrets, '),
      stderr: '',
    });

    await killByHand(host, `${app}-web-1`);
    await observe();
    expect(await run(folder, 'diff', '--fleet', ...same, ...at)).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(new RegExp(`\\+ ${app}-web-1 +start +exited with 137`)),
    });

    await folder.write({
      [`apps/${app}/compose.yaml`]: `${files[`apps/${app}/compose.yaml`]}`.replace(/image: \S+/, `image: ${IMAGE_2}`),
    });
    expect((await run(folder, 'diff', '--fleet', ...same, ...at)).stdout).toContain(`-> ${IMAGE_2}`);
  });
});
