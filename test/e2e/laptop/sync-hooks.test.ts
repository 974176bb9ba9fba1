import { expect, jest, test } from '@jest/globals';
import { IMAGE, IMAGE_2 } from '../../support/site/chaos-site.ts';
import { containersOf } from '../../support/site/site.ts';
import { atLaptop, host, laptop, run, statesOf } from './laptop.ts';

jest.setTimeout(120_000);

const { uniqueApp, folderWith } = laptop();

const compose = (app: string, image: string, command: string): string => `name: ${app}
services:
  web: {image: "${image}"}
  migrate:
    image: ${IMAGE}
    command: ["sh", "-c", "${command}"]
    profiles: [hooks]
    x-holdfast: {hook: PreSync}
  warm: {image: "${IMAGE}", command: ["echo", "warm"], x-holdfast: {hook: PostSync}}
`;

atLaptop('hooks of a change', () => {
  test('diff has a line for each hook that will run, apply runs them, and the next diff and apply find nothing to do', async () => {
    const app = uniqueApp();
    const folder = await folderWith({ 'compose.yaml': compose(app, IMAGE, 'echo made it') });
    const planned = await run(folder, 'diff');
    expect(planned.code).toBe(1);
    expect(planned.stdout).toMatch(/\+ hook migrate +run +PreSync hook, before the app changes/);
    expect(planned.stdout).toContain('2 hooks run');
    const applied = await run(folder, 'apply');
    expect(applied).toMatchObject({ code: 0, stderr: '' });
    expect(applied.stdout).toContain('the PreSync hook migrate has completed, last output: made it');
    expect(await statesOf(app)).toEqual(['migrate-1 exited', 'warm-1 exited', 'web-1 running']);
    const before = await containersOf(host, { app });
    expect(await run(folder, 'diff')).toMatchObject({ code: 0, stdout: expect.stringContaining('nothing to do') });
    expect(await run(folder, 'apply')).toMatchObject({ code: 0, stderr: '' });
    expect(await containersOf(host, { app })).toEqual(before);
  });

  test('apply ends with 1 if a PreSync hook fails, says why, and leaves the app as it was; down runs none', async () => {
    const app = uniqueApp();
    const folder = await folderWith({ 'compose.yaml': compose(app, IMAGE, 'true') });
    await run(folder, 'apply');
    const [web] = (await containersOf(host, { app })).filter(({ service }) => service === 'web');
    await folder.write({ 'compose.yaml': compose(app, IMAGE_2, 'echo no space; exit 7') });
    const failed = await run(folder, 'apply');
    expect(failed.code).toBe(1);
    expect(failed.stderr).toContain(
      `the PreSync hook migrate failed: ${app}-migrate-1 exited with 7, last output: no space`,
    );
    expect((await containersOf(host, { app })).filter(({ service }) => service === 'web')).toEqual([web]);
    const { code, stdout } = await run(folder, 'down', '--yes');
    expect([code, stdout]).toEqual([0, expect.not.stringContaining('hook')]);
    expect(await statesOf(app)).toEqual([]);
  });
});
