import { describe, expect, test } from '@jest/globals';
import { listSites, placeSite } from '../../../../src/fleet/place-site.ts';
import { memorySnapshot } from '../../../support/values/memory-snapshot.ts';
import { APP, COMPOSE, FLEET, fleet, refusal, SITE } from './fleets.ts';

describe('a repo with only a Compose file', () => {
  test('is one app on every site, followed, pruned and healed', async () => {
    const placed = await placeSite(memorySnapshot({ 'compose.yaml': COMPOSE }, 'kiosk'), { site: 'eu/shop-17' });
    const sync = { automated: { prune: true, selfHeal: true, allowEmpty: false } };
    expect(placed).toEqual({
      site: 'eu/shop-17',
      revision: '1'.repeat(40),
      apps: [
        {
          name: 'kiosk',
          nameIsFixed: false,
          folder: '',
          compose: ['compose.yaml'],
          profiles: [],
          sync,
          pruneVolumes: false,
          suspend: false,
          values: {},
          siteValues: [],
        },
      ],
      broken: [],
      allowEmpty: false,
      pruneThreshold: 100,
      confirmPrune: [],
    });
    const snapshot = memorySnapshot({ 'compose.yaml': COMPOSE });
    expect((await placeSite(snapshot, {})).site).toBe('default');
    expect(await listSites(snapshot)).toEqual(['default']);
  });

  test.each(['compose.yaml', 'compose.yml', 'docker-compose.yml', 'docker-compose.yaml'])(
    'may call it %s',
    async (name) => {
      expect((await placeSite(memorySnapshot({ [name]: COMPOSE }), {})).apps[0]?.compose).toEqual([name]);
    },
  );

  test('has its override merged, as Compose does', async () => {
    const files = { 'docker-compose.yml': COMPOSE, 'compose.override.yml': COMPOSE };
    expect((await placeSite(memorySnapshot(files), {})).apps[0]?.compose).toEqual([
      'docker-compose.yml',
      'compose.override.yml',
    ]);
  });

  test('is refused where Compose would ignore one of two files', async () => {
    expect(await refusal(placeSite(memorySnapshot({ 'compose.yaml': '', 'docker-compose.yml': '' }), {}))).toEqual([
      'docker-compose.yml:1:1: Compose would ignore docker-compose.yml, because compose.yaml is beside it (remove one of them, or merge them)',
    ]);
  });
});

describe('a repo with nothing to run', () => {
  test('is an error and never "no apps"', async () => {
    expect(await refusal(placeSite(memorySnapshot({ 'README.md': '' }), {}))).toEqual([
      "memory of edge holds nothing to run: there is no fleet.yaml and no Compose file (compose.yaml, compose.yml, docker-compose.yml, docker-compose.yaml) in it (name the config repo's folder with --path if it is not the root)",
    ]);
    expect(await refusal(placeSite(memorySnapshot({}), {}))).toHaveLength(1);
    expect(await refusal(listSites(memorySnapshot({})))).toHaveLength(1);
  });

  test('is told what is missing where it looks like a fleet', async () => {
    expect(
      (await refusal(placeSite(memorySnapshot({ 'apps/web/app.yaml': APP, 'sites/one.yaml': SITE }), {})))[0],
    ).toMatch(/\(add a fleet\.yaml beside apps and sites\)$/);
    expect(await refusal(placeSite(memorySnapshot({ 'fleet.yml': FLEET }), {}))).toEqual([
      'fleet.yml:1:1: the Fleet is in a file named fleet.yaml, not fleet.yml (rename it to fleet.yaml)',
    ]);
  });
});

describe('a fleet', () => {
  test('gives its apps their defaults', async () => {
    const placed = await placeSite(fleet(), { site: 'one' });
    expect(placed).toEqual({
      site: 'one',
      revision: '1'.repeat(40),
      apps: [
        {
          name: 'web',
          nameIsFixed: true,
          folder: 'apps/web',
          compose: ['apps/web/compose.yaml'],
          profiles: [],
          sync: {},
          pruneVolumes: false,
          suspend: false,
          values: {},
          siteValues: [],
        },
      ],
      broken: [],
      elsewhere: [],
      vanished: {},
      allowEmpty: false,
      pruneThreshold: 50,
      confirmPrune: [],
    });
  });

  test('hands on all that its documents say', async () => {
    const placed = await placeSite(
      fleet({
        'fleet.yaml': `${FLEET}metadata: { name: shops }
spec:
  values: { TZ: UTC, VERSION: 1.10, DEBUG: false }
  siteValues: [PASSWORD]
  syncPolicy: { automated: {} }
  pruneThreshold: 20
`,
        'sites/one.yaml': `${SITE}metadata: { name: one, labels: { tier: 1 } }
spec: { values: { TZ: Europe/Berlin, EMPTY: "" }, allowEmpty: true, confirmPrune: [web] }
`,
        'apps/web/app.yaml': `${APP}metadata: { name: web }
spec:
  compose: base.yaml
  overlays:
    - { selector: { matchLabels: { tier: 1 } }, compose: [./over/tier.yaml] }
    - { selector: { sites: [two] }, compose: [not-there.yaml] }
    - { selector: {}, compose: all.yaml }
  syncPolicy: { automated: { prune: true, selfHeal: true } }
  profiles: [debug]
  projectDirectory: /srv/web
  pruneVolumes: true
  suspend: true
`,
        'apps/web/base.yaml': '',
        'apps/web/all.yaml': '',
        'apps/web/over/tier.yaml': '',
      }),
      {},
    );
    expect(placed).toMatchObject({
      vanished: { automated: { prune: false, selfHeal: false, allowEmpty: false } },
      allowEmpty: true,
      pruneThreshold: 20,
      confirmPrune: ['web'],
      broken: [],
    });
    expect(placed.apps).toEqual([
      {
        name: 'web',
        nameIsFixed: true,
        folder: 'apps/web',
        compose: ['apps/web/base.yaml', 'apps/web/over/tier.yaml', 'apps/web/all.yaml'],
        profiles: ['debug'],
        sync: { automated: { prune: true, selfHeal: true, allowEmpty: false } },
        pruneVolumes: true,
        suspend: true,
        projectDirectory: '/srv/web',
        values: { TZ: 'Europe/Berlin', VERSION: '1.10', DEBUG: 'false', EMPTY: '' },
        siteValues: ['PASSWORD'],
      },
    ]);
  });

  test.each([
    ['.', 'apps/web'],
    ['./deploy//', 'apps/web/deploy'],
  ])('takes the project directory %s as a folder of the app', async (written, folder) => {
    const text = `${APP}spec: { projectDirectory: ${written} }`;
    const placed = await placeSite(fleet({ 'apps/web/app.yaml': text, 'apps/web/compose.yaml': COMPOSE }), {});
    const web = placed.apps.find(({ name }) => name === 'web');
    expect(web).toMatchObject({ projectFolder: folder });
    expect(web).not.toHaveProperty('projectDirectory');
  });

  test("gives an app without a policy the Fleet's, and one with an empty policy none", async () => {
    const placed = await placeSite(
      fleet({
        'fleet.yaml': `${FLEET}spec: { syncPolicy: { automated: { prune: true } } }`,
        'apps/watch/app.yaml': `${APP}spec: { syncPolicy: {} }`,
        'apps/watch/compose.yaml': COMPOSE,
      }),
      {},
    );
    expect(placed.apps.map(({ name, sync }) => [name, sync])).toEqual([
      ['watch', {}],
      ['web', { automated: { prune: true, selfHeal: false, allowEmpty: false } }],
    ]);
  });

  test('without apps is a site without apps', async () => {
    expect((await placeSite(memorySnapshot({ 'fleet.yaml': FLEET, 'sites/one.yaml': SITE }), {})).apps).toEqual([]);
  });

  test('ignores files and other folders below apps/', async () => {
    const { apps, broken } = await placeSite(fleet({ 'apps/README.md': '', 'apps/shared/nginx.conf': '' }), {});
    expect([apps.map(({ name }) => name), broken]).toEqual([['web'], []]);
  });
});
