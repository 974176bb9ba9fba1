import { describe, expect, test } from '@jest/globals';
import { emptyMemory, type Memory } from '../../../../src/model/memory.ts';
import type { ActualSite, DesiredSite } from '../../../../src/model/state.ts';
import type { WindowVerdict } from '../../../../src/model/sync-window.ts';
import { agentOptions, type PlanOptions } from '../../../../src/plan/facts/policy.ts';
import { noteBegun } from '../../../../src/plan/memory/begun.ts';
import { rememberConverged } from '../../../../src/plan/memory/update.ts';
import { plan } from '../../../../src/plan/plan.ts';
import {
  actualOf,
  app,
  but,
  file,
  imageId,
  network,
  running,
  service,
  site,
} from '../../../support/site/site-builder.ts';
import { planLines } from '../../../support/values/plan-lines.ts';

const closed: WindowVerdict = {
  isOpen: false,
  text: 'no sync window is open',
  byHand: false,
  opens: '2026-06-02T02:00:00.000Z',
  until: 5_000,
};
const open: WindowVerdict = { ...closed, isOpen: true, text: 'open' };

const under = (verdict: WindowVerdict, names: string[] = ['shop'], free: string[] = []): Partial<PlanOptions> => ({
  windows: {
    apps: new Map([
      ...names.map((name) => [name, verdict] as const),
      ...free.map((name) => [name, undefined] as const),
    ]),
    others: verdict,
  },
});
const whileClosed = under(closed);

/** The memory of a site that has converged to this. */
const converged = (git: DesiredSite): Memory => git.apps.reduce(rememberConverged, emptyMemory());
const without = (actual: ActualSite, name: string): ActualSite => but(actual, name, undefined);

const before = site(app('shop', service('web', { Image: 'web:1' }), service('db')));
const after = site(app('shop', service('web', { Image: 'web:2' }), service('db')));
/** The site as it was before, with images that were pulled by hand. */
const here = (...images: string[]): ActualSite => {
  const actual = actualOf(before);
  const pulled = ['web:2', ...images].flatMap((image) =>
    [image, imageId(image)].map((key) => [key, { id: imageId(image), config: {} }]),
  );
  return { ...actual, images: { ...actual.images, ...Object.fromEntries(pulled) } };
};
const memory = converged(before);

describe('while the sync windows are closed', () => {
  test('a new name of a container that stays as it is waits for the window, too, and one that was changed by hand is put right', () => {
    const on = { Networks: { shop_default: { Aliases: ['web'] } } };
    const was = site(app('shop', service('web', on)));
    const named = site(app('shop', service('web', on, { containerName: 'front' })));
    const given = { git: named, site: actualOf(was), memory: converged(was), options: whileClosed };
    expect(planLines(given)).toEqual(['1 rename shop-web-1 to front: is called shop-web-1 (withheld by syncWindow)']);
    const byHand = but(actualOf(was), 'shop-web-1', { name: 'odd' });
    expect(planLines({ ...given, git: was, site: byHand })).toEqual(['1 rename odd to shop-web-1: is called odd']);
  });

  test('a new revision is held, with the next opening as text and as data', () => {
    const lines = planLines({ git: after, site: here(), memory, options: whileClosed });
    expect(lines.every((line) => line.includes('withheld by syncWindow') || line.includes('only if'))).toBe(true);
    const { apps } = plan(after, here(), memory, 0, { ...agentOptions, ...whileClosed });
    expect(apps[0]?.operations[0]?.withheld).toEqual({
      by: 'syncWindow',
      text: 'no sync window is open',
      until: 5_000,
      opens: '2026-06-02T02:00:00.000Z',
    });
  });

  test('its images are not pulled, and its networks not made', () => {
    const git = site(
      app('shop', service('web', { Image: 'web:3', Networks: { shop_new: {} } }), network('new'), service('db')),
    );
    const lines = planLines({ git, site: here(), memory, options: whileClosed });
    expect(lines.filter((line) => !line.includes('withheld by syncWindow') && !line.includes('only if'))).toEqual([]);
    expect(lines.join('\n')).toContain('pull web:3');
    expect(lines.join('\n')).toContain('create network shop_new');
  });

  test('a new app is not started, and one that is gone from Git is not removed', () => {
    const git = site(app('new', service('web')));
    const options = under(closed, ['new']);
    for (const line of planLines({ git, site: here(), memory, options }).filter((each) => each !== ''))
      expect(line).toMatch(/withheld by syncWindow/);
  });

  test('the window of another app holds nothing', () => {
    const lines = planLines({ git: after, site: here(), memory, options: under(closed, ['other'], ['shop']) });
    expect(lines.join()).not.toContain('withheld');
  });

  test('drift is healed, as ever', () => {
    const lines = planLines({ git: before, site: without(here(), 'shop-web-1'), memory, options: whileClosed });
    expect(lines.length).toBeGreaterThan(0);
    expect(lines.join()).not.toContain('withheld');
  });

  test('the old container is started again, although its replacement waits', () => {
    const stopped = but(here(), 'shop-web-1', { status: 'exited', exitCode: 137 });
    const lines = planLines({ git: after, site: stopped, memory, options: whileClosed });
    expect(lines.filter((line) => !line.includes('withheld'))).toEqual([
      '1 start shop-web-1: exited with 137 (drift); its replacement has to wait',
    ]);
  });

  test('a container that the revision does not change is made again, although the app waits for a change', () => {
    const lines = planLines({ git: after, site: without(here(), 'shop-db-1'), memory, options: whileClosed });
    expect(lines.filter((line) => !line.includes('withheld') && !line.includes('only if'))).toEqual([
      '1 create shop-db-1: no such container',
      '2 start shop-db-1: new (after 1)',
    ]);
  });

  test('a container that is gone comes back as Git says now, with its image and its files', () => {
    const git = site(
      app(
        'shop',
        service(
          'web',
          { Image: 'web:2', Mounts: [{ Type: 'bind', Source: '/apps/shop/conf', Target: '/conf' }] },
          { filesDigest: 'x' },
        ),
        service('db'),
        file('/apps/shop/conf', 'new'),
      ),
    );
    const actual = { ...without(here(), 'shop-web-1'), images: actualOf(before).images };
    const lines = planLines({ git, site: actual, memory, options: whileClosed });
    expect(lines.join('\n')).not.toContain('withheld');
    expect(lines.join('\n')).toContain('pull web:2');
    expect(lines.join('\n')).toContain('write /apps/shop/conf');
  });

  test('without a memory of what ran, a missing container is a change', () => {
    const lines = planLines({ git: before, site: without(here(), 'shop-web-1'), options: whileClosed });
    for (const line of lines) expect(line).toContain('withheld by syncWindow');
  });

  test('limits that a revision changes in place are held while the container runs, and keep nothing from starting', () => {
    const git = site(app('shop', service('web', { Image: 'web:1', Memory: 2 ** 27 }), service('db')));
    expect(planLines({ git, site: here(), memory, options: whileClosed })).toEqual([
      '1 update shop-web-1: memory: unlimited, wanted 128m (withheld by syncWindow)',
    ]);
    const stopped = but(here(), 'shop-web-1', { status: 'exited', exitCode: 1 });
    expect(planLines({ git, site: stopped, memory, options: whileClosed }).at(-1)).toMatch(/^\d start shop-web-1/);
  });

  test('a replacement that has begun is finished, and no other one begins', () => {
    const git = site(app('shop', service('web', { Image: 'web:2' }), service('db', { Image: 'db:2' })));
    const [shop] = git.apps;
    const web = shop?.services.find(({ name }) => name === 'web');
    const successor = running(shop as never, 'web', web?.containers[0] as never, {
      id: 'next',
      name: 'shop-web-1.12345678',
      status: 'created',
    });
    const begunSite = (status: 'running' | 'exited'): ActualSite => {
      const actual = but(here('db:2'), 'shop-web-1', { status });
      return { ...actual, containers: [...actual.containers, successor] };
    };
    const lines = (status: 'running' | 'exited') =>
      planLines({ git, site: begunSite(status), memory, options: whileClosed }).filter(
        (line) => !line.includes('withheld') && !line.includes('only if'),
      );
    // The old one was stopped for it.
    expect(lines('exited')).toEqual([
      expect.stringContaining('start shop-web-1.new'),
      expect.stringContaining('remove shop-web-1'),
      expect.stringContaining('rename shop-web-1.new'),
    ]);
    // The successor was only created: the old one runs on.
    expect(lines('running')).toEqual([]);
  });

  test('once a change has begun, new services and limits come, and replacements and removals wait', () => {
    const git = site(
      app('shop', service('web', { Image: 'web:2' }), service('db', { Memory: 2 ** 27 }), service('new')),
    );
    const begun = {
      ...memory,
      begun: noteBegun(memory, git, plan(git, here(), memory, 0, { ...agentOptions, ...under(open) }).apps, {
        ...agentOptions,
        ...under(open),
      }).begun,
    };
    const actual = here('new:1');
    const lines = planLines({ git, site: actual, memory: begun, options: whileClosed });
    const free = lines.filter((line) => !line.includes('withheld') && !line.includes('only if'));
    expect(free.some((line) => line.includes('create shop-new-1'))).toBe(true);
    expect(free.some((line) => line.includes('update shop-db-1'))).toBe(true);
    expect(free.some((line) => line.includes('shop-web-1'))).toBe(false);
    expect(
      planLines({ git, site: actual, memory, options: whileClosed }).filter(
        (line) => !line.includes('withheld') && !line.includes('only if'),
      ),
    ).toEqual([]);
  });

  test('healing while they are closed does not count as the beginning of the change', () => {
    const options = { ...agentOptions, ...whileClosed };
    const gone = without(here(), 'shop-web-1');
    expect(noteBegun(memory, after, plan(after, gone, memory, 0, options).apps, options)).toBe(memory);
  });

  test('a person may make the change by hand where the windows say so', () => {
    const byHand = { byHand: true };
    expect(planLines({ git: after, site: here(), memory, options: { ...whileClosed, ...byHand } }).join()).toContain(
      'withheld by syncWindow',
    );
    const manual = under({ ...closed, byHand: true });
    expect(planLines({ git: after, site: here(), memory, options: { ...manual, ...byHand } }).join()).not.toContain(
      'withheld',
    );
    expect(planLines({ git: after, site: here(), memory, options: manual }).join()).toContain('withheld by syncWindow');
  });

  test('an app that needs a port of a held app waits for it, and that is no error', () => {
    const port = { PortBindings: [{ Container: '80/tcp', HostIp: '', HostPort: '80' }] };
    const git = site(app('one', service('web')), app('two', service('web', port)));
    const was = site(app('one', service('web', port)));
    const lines = planLines({
      git,
      site: { ...actualOf(git), ...actualOf(was), images: actualOf(git).images },
      memory: converged(was),
      options: under(closed, ['one'], ['two']),
    });
    expect(lines.join('\n')).not.toContain('error:');
    expect(lines.join('\n')).toContain('withheld by handOver');
  });
});

test('a site that is suspended is left as it is', () => {
  const lines = planLines({ git: { ...after, suspend: true }, site: without(here(), 'shop-db-1'), memory });
  for (const line of lines) expect(line).toContain('withheld by suspend');
});

test('a change is begun once its windows are open, and over once the app has converged', () => {
  const options = { ...agentOptions, ...under(open) };
  const begun = noteBegun(memory, after, plan(after, here(), memory, 0, options).apps, options);
  expect(Object.keys(begun.begun)).toEqual(['shop']);
  expect(rememberConverged(begun, after.apps[0] as never).begun).toEqual({});
  expect(noteBegun(memory, after, plan(after, here(), memory, 0, agentOptions).apps, agentOptions)).toBe(memory);
});
