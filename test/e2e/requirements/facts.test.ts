import { join } from 'node:path';
import { afterEach, expect, jest, test } from '@jest/globals';
import { git } from '../../support/git/clones.ts';
import { type HostFolder, hostFolder } from '../../support/host/host-folder.ts';
import { holdfast } from '../../support/program/holdfast-process.ts';
import { atLaptop, fleet, host, laptop, one, run } from '../laptop/laptop.ts';

jest.setTimeout(120_000);

const { uniqueApp, folderWith } = laptop();

let machine: HostFolder | undefined;
afterEach(() => machine?.remove());

atLaptop('facts', () => {
  test('a site writes down its facts, and a laptop knows by them which apps it would park', async () => {
    const app = uniqueApp();
    const requires = 'requires: { devices: [{ path: /dev/ttyUSB0 }], memory: 1m }';
    const head = 'apiVersion: holdfast/v1\nkind: ';
    const folder = await folderWith({
      ...fleet(app, { [app]: one() }),
      'fleet.yaml': `${head}Fleet\nspec: { oldestAgent: 0.2.0, syncPolicy: { automated: {} } }\n`,
    });
    machine = await hostFolder();
    git(folder.dir, 'init', '-q');
    git(folder.dir, 'add', 'apps', 'sites', 'fleet.yaml');
    git(folder.dir, 'commit', '-qm', 'Begin');
    await folder.write({ [`apps/${app}/app.yaml`]: `${head}Application\nspec: { ${requires} }\n` });

    // As in the agent's container: variables give the settings.
    const env = {
      DOCKER_HOST: host,
      HOLDFAST_SITE: app,
      HOLDFAST_HOST_ROOT: machine.root,
      HOLDFAST_FILES_DIR: folder.dir,
    };
    const facts = (...args: string[]) => holdfast(['facts', ...args], { env, cwd: folder.dir });
    const written = await facts('--dir', 'facts');
    expect(written).toEqual({ code: 0, stdout: `${join(folder.dir, 'facts', `${app}.json`)}\n`, stderr: '' });
    const printed = await facts();
    expect(JSON.parse(printed.stdout)).toMatchObject({
      kind: 'Facts',
      site: app,
      os: 'linux',
      engine: 'docker',
      runtimes: expect.arrayContaining(['runc']),
      devices: ['/dev/null'],
      gpus: 0,
      disk: expect.any(Number),
    });
    const diff = await run(folder, 'diff', '--fleet', '--facts', 'facts');
    expect(diff).toMatchObject({ code: 1, stdout: expect.stringContaining('= is parked: needs /dev/ttyUSB0\n') });

    await machine.plug('/dev/ttyUSB0');
    await facts('--dir', 'facts');
    expect(await run(folder, 'diff', '--fleet', '--facts', 'facts')).toMatchObject({ code: 0 });
  });
});
