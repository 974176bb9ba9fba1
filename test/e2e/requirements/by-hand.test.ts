import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { type HostFolder, hostFolder } from '../../support/host/host-folder.ts';
import { atLaptop, fleet, laptop, one, run, statesOf } from '../laptop/laptop.ts';

jest.setTimeout(120_000);

const { uniqueApp, folderWith } = laptop();

const TTY = '/dev/ttyUSB0';
const asking = (spec: object): string => JSON.stringify({ apiVersion: 'holdfast/v1', kind: 'Application', spec });

let machine: HostFolder;
beforeEach(async () => {
  machine = await hostFolder();
});
afterEach(() => machine.remove());

atLaptop('requirements', () => {
  test('apply and diff park an app whose device is away, as an agent does, and start it once the device is there', async () => {
    const [site, app] = [uniqueApp(), uniqueApp()];
    const folder = await folderWith(fleet(site, { [app]: one() }));
    await folder.write({ [`apps/${app}/app.yaml`]: asking({ requires: { devices: [{ path: TTY }] } }) });
    const at = ['--host-root', machine.root];
    const parked = `${app} is parked: needs ${TTY}`;

    expect(await run(folder, 'diff', ...at)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining(`= is parked: needs ${TTY}\n`),
    });
    const without = await run(folder, 'apply', ...at);
    expect(without).toMatchObject({ code: 0, stderr: `warning: ${parked}\n` });
    expect(await statesOf(app)).toEqual([]);

    await machine.plug(TTY);
    expect(await run(folder, 'apply', ...at)).toMatchObject({ code: 0, stderr: '' });
    expect(await statesOf(app)).toEqual(['web-1 running']);

    await machine.unplug(TTY);
    const lost = await run(folder, 'diff', ...at);
    expect(lost.code).toBe(1);
    expect(lost.stdout).toMatch(new RegExp(`- ${app}-web-1 +stop +needs ${TTY}`));
    // It waits until the device counts as lost.
    expect(await run(folder, 'apply', ...at)).toMatchObject({ code: 0, stderr: `warning: ${parked}\n` });
    expect(await statesOf(app)).toEqual(['web-1 exited']);
  });

  test('an app keeps its containers where onLoss says so', async () => {
    const [site, app] = [uniqueApp(), uniqueApp()];
    const folder = await folderWith(fleet(site, { [app]: one() }));
    const requires = { devices: [{ path: TTY }], onLoss: 'keep' };
    await folder.write({ [`apps/${app}/app.yaml`]: asking({ requires }) });
    await machine.plug(TTY);
    await run(folder, 'apply', '--host-root', machine.root);
    await machine.unplug(TTY);
    expect(await run(folder, 'diff', '--host-root', machine.root)).toMatchObject({ code: 0 });
    expect(await run(folder, 'apply', '--host-root', machine.root)).toMatchObject({ code: 0 });
    expect(await statesOf(app)).toEqual(['web-1 running']);
  });

  test('without --host-root devices are not seen, which is said once and parks nothing; the engine tells the rest', async () => {
    const [site, app, other] = [uniqueApp(), uniqueApp(), uniqueApp()];
    const folder = await folderWith(fleet(site, { [app]: one(), [other]: one() }));
    await folder.write({
      [`apps/${app}/app.yaml`]: asking({ requires: { devices: [{ path: TTY }] } }),
      [`apps/${other}/app.yaml`]: asking({ requires: { runtimes: ['runc', 'kata'] } }),
    });
    const unseen = `${app} requires ${TTY}, which cannot be seen here (--host-root): it runs as if it were there`;
    const diff = await run(folder, 'diff');
    expect(diff).toMatchObject({ code: 1, stderr: `${unseen}\n` });
    const applied = await run(folder, 'apply');
    expect(applied.code).toBe(0);
    expect(applied.stderr.split(unseen)).toHaveLength(2);
    expect(applied.stderr).toContain(`${other} is parked: needs the runtime kata`);
    expect([await statesOf(app), await statesOf(other)]).toEqual([['web-1 running'], []]);
  });

  test('facts of the engine choose the apps and overlays of a site', async () => {
    const [site, app, other] = [uniqueApp(), uniqueApp(), uniqueApp()];
    const folder = await folderWith(fleet(site, { [app]: one(), [other]: one() }));
    const on = (engine: string) => ({ matchLabels: { 'holdfast.engine': engine } });
    await folder.write({
      [`apps/${app}/app.yaml`]: asking({ overlays: [{ selector: on('docker'), compose: ['docker.yaml'] }] }),
      [`apps/${app}/docker.yaml`]: 'services: { beside: { image: busybox } }',
      [`apps/${other}/app.yaml`]: asking({ placement: on('podman') }),
      // So that the placement is not on no site at all.
      'sites/else.yaml': '{apiVersion: holdfast/v1, kind: Site}',
    });
    const diff = await run(folder, 'diff', '--site', site);
    expect(diff).toMatchObject({ code: 1, stdout: expect.stringContaining(`+ ${app}-beside-1`) });
    expect(diff.stdout).not.toContain(other);
  });
});
