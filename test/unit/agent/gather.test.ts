import { expect, test } from '@jest/globals';
import { desiredOf, type GatherOptions, gather } from '../../../src/agent/follow/gather.ts';
import type { Accepted } from '../../../src/agent/state/accepted.ts';
import { memorySnapshot } from '../../support/values/memory-snapshot.ts';

const document = (kind: string, spec: object = {}): string => JSON.stringify({ apiVersion: 'holdfast/v1', kind, spec });
const web = (port: number): string => JSON.stringify({ services: { web: { image: 'x', ports: [`${port}:1`] } } });

const from: GatherOptions = {
  url: 'https://git.example/fleet',
  ref: '',
  site: 'here',
  compile: { filesDir: '/files' },
  stacks: async () => ({}),
  pinned: () => Promise.reject(new Error('nothing is pinned')),
};

/** A commit of apps by their host ports. `placements`: where an app is placed, if not everywhere. */
const commit = (apps: Record<string, string>, previous?: Accepted, placements: Record<string, object> = {}) =>
  gather(
    memorySnapshot({
      'fleet.yaml': document('Fleet'),
      'sites/here.yaml': document('Site'),
      'sites/there.yaml': document('Site'),
      ...Object.fromEntries(
        Object.entries(apps).flatMap(([name, text]) => [
          [`apps/${name}/app.yaml`, document('Application', name in placements ? { placement: placements[name] } : {})],
          [`apps/${name}/compose.yaml`, text],
        ]),
      ),
    }),
    from,
    previous,
  );
const running = async (accepted: Accepted): Promise<string[]> =>
  (await desiredOf(accepted, from.compile)).apps.map(
    ({ name, services }) => `${name} ${services[0]?.containers[0]?.spec.PortBindings?.[0]?.HostPort}`,
  );

test('a newcomer that wants what an accepted app has is broken, and the accepted one is kept as it is', async () => {
  const first = await commit({ shop: web(80) });
  const second = await commit({ aaa: web(80), shop: web(80) }, first.accepted);
  expect(second.broken.map(({ name }) => name)).toEqual(['aaa']);
  expect(await running(second.accepted)).toEqual(['shop 80']);
});

test('an app whose new claims are refused stays at its last good state, and a hand-over is none', async () => {
  const first = await commit({ shop: web(80), till: web(81) });
  const second = await commit({ shop: web(80), till: web(80) }, first.accepted);
  expect(await running(second.accepted)).toEqual(['shop 80', 'till 81']);
  const third = await commit({ shop: web(81), till: web(80) }, second.accepted);
  expect(third.broken).toEqual([]);
  expect(await running(third.accepted)).toEqual(['shop 81', 'till 80']);
  const fourth = await commit({ shop: 'services: {web: {zork: 1}}', till: web(81) }, third.accepted);
  expect(fourth.broken.map(({ name }) => name).sort()).toEqual(['shop', 'till']);
  expect(await running(fourth.accepted)).toEqual(['shop 81', 'till 80']);
});

const binding = (path: string): string =>
  JSON.stringify({ services: { web: { image: 'x', volumes: [`${path}:/x:ro`] } } });
const sources = async (accepted: Accepted): Promise<string[]> =>
  (await desiredOf(accepted, from.compile)).apps.map(
    ({ name, services }) => `${name} ${services[0]?.containers[0]?.spec.Mounts?.[0]?.Source}`,
  );

test('an app whose name another one binds already is broken here; on a new site the one that binds it is', async () => {
  const first = await commit({ shop: binding('../data') });
  const apps = { shop: binding('../data/x'), data: web(80) };
  const second = await commit(apps, first.accepted);
  expect(second.broken).toMatchObject([
    {
      name: 'data',
      problems: [{ message: expect.stringMatching(/^the folder data .* by the app shop.* keeps it$/) }],
    },
  ]);
  expect(await sources(second.accepted)).toEqual(['shop /files/data/x']);
  expect(await sources((await commit(apps, second.accepted)).accepted)).toEqual(['shop /files/data/x']);
  const fresh = await commit(apps);
  expect(fresh.broken.map(({ name }) => name)).toEqual(['shop']);
  expect(Object.keys(fresh.accepted.apps)).toEqual(['data']);
});

test('an app stays as it is while a path out of its folder would change from data to a copy, and back', async () => {
  const at = (files: Record<string, string>, previous?: Accepted) =>
    gather(
      memorySnapshot({
        'fleet.yaml': document('Fleet'),
        'sites/here.yaml': document('Site'),
        'apps/shop/app.yaml': document('Application'),
        'apps/shop/compose.yaml': binding('../data/x.conf'),
        ...files,
      }),
      from,
      previous,
    );
  const gits = { 'apps/data/x.conf': 'x' };
  const without = await at({});
  const withIt = await at(gits, without.accepted);
  expect(withIt.broken[0]?.problems[0]?.message).toContain('would now be a copy from Git');
  expect(await sources(withIt.accepted)).toEqual(['shop /files/data/x.conf']);
  expect((await at({}, withIt.accepted)).broken).toEqual([]);

  const copied = await at(gits);
  expect(await sources(copied.accepted)).toEqual(['shop /files/shop/.repo/apps/data/x.conf']);
  const gone = await at({}, copied.accepted);
  expect(gone.broken[0]?.problems[0]?.message).toContain('because Git has nothing there any more');
  expect(await sources(gone.accepted)).toEqual(['shop /files/shop/.repo/apps/data/x.conf']);
});

test('an app that loses all its sites is kept as it is; one that moves, or is meant for none, goes', async () => {
  const apps = { shop: web(80), till: web(81) };
  const first = await commit(apps);
  const lost = await commit(apps, first.accepted, { till: { matchLabels: { regoin: 'eu' } } });
  expect(lost.broken).toMatchObject([
    { name: 'till', problems: [{ message: 'till is placed on no site: no site has the label regoin' }] },
  ]);
  expect(await running(lost.accepted)).toEqual(['shop 80', 'till 81']);
  const again = await commit(apps, lost.accepted, { till: { sites: ['nowhere'] } });
  expect(await running(again.accepted)).toEqual(['shop 80', 'till 81']);
  for (const sites of [[], ['there']]) {
    const gone = await commit(apps, again.accepted, { till: { sites } });
    expect(gone.broken).toEqual([]);
    expect(await running(gone.accepted)).toEqual(['shop 80']);
    expect(gone.accepted.site.elsewhere).toEqual(['till']);
  }
  const never = await commit(apps, (await commit({ shop: web(80) })).accepted, { till: { sites: ['nowhere'] } });
  expect(never.broken).toEqual([]);
});
