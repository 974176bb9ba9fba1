import { describe, expect, test } from '@jest/globals';
import { compileSite } from '../../../src/compose/compile-site.ts';
import { formatProblem, SourceError } from '../../../src/lib/errors.ts';
import type { PlacedSite } from '../../../src/model/fleet.ts';
import { memorySnapshot, placedApp } from './support.ts';

function placedSite(names: string[], changes: Partial<PlacedSite> = {}): PlacedSite {
  return {
    site: 'shop',
    revision: 'abc123',
    apps: names.map((name) => placedApp({ name, folder: name, compose: [`${name}/compose.yaml`] })),
    broken: [],
    vanished: {},
    allowEmpty: false,
    pruneThreshold: 50,
    confirmPrune: [],
    ...changes,
  };
}

async function compiled(files: Record<string, string>, changes: Partial<PlacedSite> = {}) {
  const snapshot = memorySnapshot(
    Object.fromEntries(Object.entries(files).map(([app, text]) => [`${app}/compose.yaml`, text])),
  );
  const site = await compileSite(placedSite(Object.keys(files), changes), snapshot, { filesDir: '/files' });
  return {
    site,
    apps: site.apps.map(({ name }) => name),
    broken: site.broken.map(({ name, problems }) => [name, problems.map(formatProblem)]),
  };
}

describe('a site', () => {
  test('carries what was decided for it', async () => {
    const decided = {
      vanished: { automated: { prune: true, selfHeal: false, allowEmpty: false } },
      allowEmpty: true,
      pruneThreshold: 20,
      confirmPrune: ['x'],
    };
    const { site } = await compiled({}, decided);
    expect(site).toEqual({ site: 'shop', revision: 'abc123', apps: [], broken: [], elsewhere: [], ...decided });
  });

  test('a broken app holds up no other', async () => {
    const { apps, broken } = await compiled(
      { a: 'services: {s: {image: x, zork: 1}}', b: 'services: {s: {image: x}}' },
      { broken: [{ name: 'c', problems: [{ message: 'unreadable' }] }] },
    );
    expect(apps).toEqual(['b']);
    expect(broken).toEqual([
      ['c', ['unreadable']],
      ['a', ['a/compose.yaml:1:26: unknown key zork in a service']],
    ]);
  });

  test('a broken bare Compose file is known by its own name, so that what runs of it is not taken for vanished', async () => {
    const snapshot = memorySnapshot({ 'compose.yaml': 'name: mine\nservices: {s: {zork: 1}}' });
    const placed = placedSite([], { apps: [placedApp({ name: 'repo', nameIsFixed: false })] });
    const site = await compileSite(placed, snapshot, { filesDir: '/files' });
    expect(site.broken.map(({ name }) => name)).toEqual(['mine']);
  });

  test('a source that does not answer is no broken app', async () => {
    const failing = { ...memorySnapshot({}), read: () => Promise.reject(new SourceError('unreachable', 'no link')) };
    await expect(compileSite(placedSite(['a']), failing, { filesDir: '/files' })).rejects.toThrow('no link');
  });
});

describe('two apps that claim the same', () => {
  test.each([
    ['container_name: one', 'container_name: one', 'the container name one'],
    ['container_name: b-s-1', 'user: x', 'the container name b-s-1'],
    ['ports: ["80:1"]', 'ports: ["80:2"]', 'the host port 80/tcp'],
    ['ports: ["127.0.0.1:80:1"]', 'ports: ["80:2"]', 'the host port 80/tcp'],
    ['ports: ["0.0.0.0:80:1"]', 'ports: ["10.0.0.1:80:2"]', 'the host port 10.0.0.1:80/tcp'],
    ['volumes: ["/srv/data:/a"]', 'volumes: ["/srv/data/:/b:rw"]', 'the host path /srv/data'],
  ])('%s | %s: both are broken', async (first, second, what) => {
    const { apps, broken } = await compiled({
      b: `services:\n  s:\n    image: x\n    ${second}\n`,
      a: `services:\n  s:\n    image: x\n    ${first}\n`,
    });
    expect(apps).toEqual([]);
    expect(broken.map(([name]) => name)).toEqual(['a', 'b']);
    for (const [name, other] of [
      ['a', 'b'],
      ['b', 'a'],
    ]) {
      const [told] = broken.flatMap(([app, problems]) => (app === name ? problems : []));
      const said = `is also claimed by the app ${other}, also at ${other}/compose\\.yaml:\\d+:\\d+$`;
      expect(told).toMatch(new RegExp(`^${name}/compose\\.yaml:\\d+:\\d+: the .* ${said}`));
    }
    expect(String(broken[1]?.[1])).toContain(what);
  });

  test.each([
    ['ports: ["80:1"]', 'ports: ["80:2/udp"]'],
    ['ports: ["127.0.0.1:80:1"]', 'ports: ["127.0.0.2:80:1"]'],
    ['ports: ["80:1"]', 'ports: ["[::1]:81:1"]'],
    ['ports: ["8000-8010:1"]', 'ports: ["8000-8010:1"]'],
    ['ports: ["80"]', 'ports: ["80"]'],
    ['volumes: ["/srv/data:/a"]', 'volumes: ["/srv/data:/b:ro"]'],
    ['volumes: ["/srv/data:/a", "/srv/data:/b"]', 'user: x'],
    ['volumes: ["/var/run/docker.sock:/s"]', 'volumes: ["/var/run/docker.sock:/s"]'],
  ])('%s | %s go together', async (first, second) => {
    const { apps } = await compiled({
      a: `services:\n  s:\n    image: x\n    ${first}\n`,
      b: `services:\n  s:\n    image: x\n    ${second}\n`,
    });
    expect(apps).toEqual(['a', 'b']);
  });

  const shared = (external: string) => `services: {s: {image: x, networks: [n], volumes: ["vol:/v"]}}
networks: {n: {name: net${external}}}
volumes: {vol: {name: volume${external}}}
`;
  test('networks and volumes, unless they are external to one of them', async () => {
    expect((await compiled({ a: shared(''), b: shared(', external: true') })).apps).toEqual(['a', 'b']);
    expect((await compiled({ a: shared(''), b: shared('') })).broken).toEqual([
      [
        'a',
        [
          'a/compose.yaml:3:11: the volume volume is also claimed by the app b, also at b/compose.yaml:3:11',
          'a/compose.yaml:2:12: the network net is also claimed by the app b, also at b/compose.yaml:2:12',
        ],
      ],
      [
        'b',
        [
          'b/compose.yaml:3:11: the volume volume is also claimed by the app a, also at a/compose.yaml:3:11',
          'b/compose.yaml:2:12: the network net is also claimed by the app a, also at a/compose.yaml:2:12',
        ],
      ],
    ]);
  });
});
