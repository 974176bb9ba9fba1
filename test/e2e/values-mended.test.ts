import { join } from 'node:path';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import {
  allRun,
  app,
  type ChaosSite,
  chaosSite,
  describeChaos,
  fleet,
  HOST,
  secretFile,
  staying,
} from '../support/site/chaos-site.ts';

// A site whose own file of values lacked something, and then has it: on the same commit.
jest.setTimeout(120_000);

let site: ChaosSite;
beforeEach(async () => {
  if (HOST) site = await chaosSite();
});
afterEach(async () => {
  if (HOST) await site.close();
});

const TOLD = /env:2:1: the variable TOKEN has no value/;

/** One service that needs TOKEN by a bare name in its env file. */
async function commit(): Promise<void> {
  const documents = fleet(site);
  await site.repo.commit({
    ...documents,
    'fleet.yaml': `${documents['fleet.yaml']}  siteValues: [TOKEN]\n`,
    ...app(site, 'a', staying({ web: { env_file: 'env' } })),
    [`apps/${site.app('a')}/env`]: 'MODE=a\nTOKEN\n',
  });
}

describeChaos('a value that a site lacks', () => {
  test('is an error, and the next start has the app run without a new commit', async () => {
    await commit();
    const first = await site.start();
    await site.sees(TOLD);
    await first.end('SIGTERM');
    const values = await secretFile(join(site.dir, 'values.yaml'), 'TOKEN: abc\n');
    await site.start({ args: ['--values', values] });
    await site.becomes('web runs', allRun(1));
  });

  test('may be given while the agent runs, and SIGHUP has it looked at at once', async () => {
    await commit();
    const values = await secretFile(join(site.dir, 'values.yaml'), 'OTHER: x\n');
    const life = await site.start({ args: ['--values', values, '--interval', '1h'] });
    await site.sees(TOLD);
    await secretFile(values, 'TOKEN: abc\n');
    process.kill(life.pid, 'SIGHUP');
    await site.becomes('web runs', allRun(1));
  });

  test('that is taken away stops nothing that runs', async () => {
    await commit();
    const values = await secretFile(join(site.dir, 'values.yaml'), 'TOKEN: abc\n');
    const first = await site.start({ args: ['--values', values] });
    const before = await site.becomes('web runs', allRun(1));
    await first.end('SIGTERM');
    const { length } = await site.log();
    await site.start();
    await site.sees(TOLD, { from: length });
    expect(await site.containers()).toEqual(before);
  });
});
