import { expect, jest, test } from '@jest/globals';
import { IMAGE } from '../../support/site/chaos-site.ts';
import { besideCompose } from './beside.ts';

jest.setTimeout(180_000);

besideCompose(['Podman'], ({ project, run }) => {
  test('a stack that runs is adopted as it is, and a change replaces what it concerns', async () => {
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
    const shop = await project(text('a'));
    await shop.compose('up', '-d');
    const before = await shop.lives();
    expect(await run(shop, 'diff', '--adopt')).toMatchObject({ code: 0, stderr: '' });
    expect(await run(shop, 'apply', '--adopt')).toMatchObject({ code: 0, stderr: '' });
    expect(await shop.lives()).toEqual(before);
    await shop.folder.write(text('b')(shop.name));
    expect((await run(shop, 'apply', '--adopt')).code).toBe(0);
    const after = await shop.lives();
    expect(after.filter((line) => before.includes(line)).map((line) => line.split(' ')[0])).toEqual([
      `${shop.name}-db-1`,
    ]);
    expect((await run(shop, 'diff', '--adopt')).code).toBe(0);
  });
});
