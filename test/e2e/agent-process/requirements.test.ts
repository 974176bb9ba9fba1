import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { type HostFolder, hostFolder } from '../../support/host/host-folder.ts';
import { app, describeChaos, fleet, staying } from '../../support/site/chaos-site.ts';
import { agentProcess, endsCleanly, site } from './agent-process.ts';

agentProcess();

const TTY = '/dev/ttyUSB0';

let machine: HostFolder;
beforeEach(async () => {
  machine = await hostFolder();
});
afterEach(() => machine.remove());

describeChaos('an app that requires a device', () => {
  test('is parked while the device is away, starts when it is plugged in, and stops or stays once it is lost', async () => {
    const requiring = (short: string, more: object = {}) => {
      const spec = { placement: { sites: [site.name] }, requires: { devices: [{ path: TTY }], ...more } };
      const document = JSON.stringify({ apiVersion: 'holdfast/v1', kind: 'Application', spec });
      return { ...app(site, short, staying({ web: {} })), [`apps/${site.app(short)}/app.yaml`]: document };
    };
    await site.repo.commit({
      ...fleet(site),
      ...app(site, 'free', staying({ web: {} })),
      ...requiring('till'),
      ...requiring('keeper', { onLoss: 'keep' }),
    });
    const life = await site.start({ args: ['--host-root', machine.root] });
    const states = (found: { name: string; state: string }[]) =>
      found.map(({ name, state }) => `${name.slice(site.name.length + 1)} ${state}`).sort();
    const becomes = async (...expected: string[]) => {
      const found = await site.becomes(expected.join(', '), (now) => states(now).join() === expected.join());
      return new Map(found.map(({ name, id, startedAt }) => [name.slice(site.name.length + 1), `${id} ${startedAt}`]));
    };

    await site.sees(new RegExp(`^${site.app('till')} is parked: needs ${TTY}$`));
    await site.sees(new RegExp(`^${site.app('keeper')} is parked: needs ${TTY}$`));
    const alone = await becomes('free-web-1 running');

    await machine.plug(TTY);
    await site.sees(new RegExp(`^${site.app('till')} is no longer parked$`));
    const all = await becomes('free-web-1 running', 'keeper-web-1 running', 'till-web-1 running');

    const before = (await site.log()).length;
    await machine.unplug(TTY);
    await site.sees(new RegExp(`^${site.app('till')} is parked: needs ${TTY}$`), { from: before });
    const lost = await becomes('free-web-1 running', 'keeper-web-1 running', 'till-web-1 exited');
    // Neither the app that is kept, nor the one that asks for nothing, was touched.
    expect(lost.get('keeper-web-1')).toBe(all.get('keeper-web-1'));
    expect(lost.get('free-web-1')).toBe(alone.get('free-web-1'));

    await machine.plug(TTY);
    const again = await becomes('free-web-1 running', 'keeper-web-1 running', 'till-web-1 running');
    // The same container is started again, and nothing failed on the way.
    expect(again.get('till-web-1')?.split(' ')[0]).toBe(all.get('till-web-1')?.split(' ')[0]);
    expect((await site.log()).filter(({ level }) => level === 'error')).toEqual([]);
    await endsCleanly(life);
  });
});
