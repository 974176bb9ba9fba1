import { describe, expect, test } from '@jest/globals';
import { listSites, placeSite } from '../../../src/fleet/place-site.ts';
import { InputError, SourceError } from '../../../src/lib/errors.ts';
import type { Snapshot } from '../../../src/model/snapshot.ts';
import { memorySnapshot } from '../../support/memory-snapshot.ts';

const FLEET = 'apiVersion: holdfast/v1\nkind: Fleet\n';
const SITE = 'apiVersion: holdfast/v1\nkind: Site\n';
const APP = 'apiVersion: holdfast/v1\nkind: Application\n';
const COMPOSE = 'services: {}\n';

/** The lines of the InputError that it ends with. */
async function refusal(promise: Promise<unknown>): Promise<string[]> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof InputError)) throw new Error(`expected an InputError, got ${String(error)}`);
  return error.message.split('\n');
}

const fleet = (files: Record<string, string> = {}) =>
  memorySnapshot({
    'fleet.yaml': FLEET,
    'sites/one.yaml': SITE,
    'apps/web/app.yaml': APP,
    'apps/web/compose.yaml': COMPOSE,
    ...files,
  });

/** What is said of one broken app. */
async function brokenBy(files: Record<string, string>): Promise<unknown> {
  const { broken, apps } = await placeSite(fleet(files), {});
  expect(apps).toEqual([]);
  return new InputError(broken.flatMap(({ problems }) => problems)).message.split('\n');
}

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

describe('the site', () => {
  test('is the only one there is, or must be named', async () => {
    expect((await placeSite(fleet(), {})).site).toBe('one');
    const many = Object.fromEntries(Array.from({ length: 25 }, (_, i) => [`sites/eu/shop-${i + 10}.yaml`, SITE]));
    const named = [...Array(20).keys()].map((i) => `eu/shop-${i + 10}`).join(', ');
    expect(await refusal(placeSite(fleet(many), {}))).toEqual([
      `memory of edge has 26 sites: ${named} and 6 more (say which one with --site)`,
    ]);
    expect(await listSites(fleet({ 'sites/eu/two.yaml': SITE, 'sites/README.md': '' }))).toEqual(['eu/two', 'one']);
    expect(await refusal(placeSite(memorySnapshot({ 'fleet.yaml': FLEET }), {}))).toEqual([
      'memory of edge has no sites (add a file sites/NAME.yaml with `kind: Site`)',
    ]);
  });

  test('that is not there is answered with near names', async () => {
    const files = {
      'sites/eu/shop-17.yaml': SITE,
      'sites/eu/shop-170.yaml': SITE,
      'sites/eu/old.yml': SITE,
      'sites/eu/x.txt': '',
    };
    const asked = async (site: string) => (await refusal(placeSite(fleet(files), { site })))[0];
    expect(await asked('eu/shp-17')).toBe(
      'there is no site eu/shp-17: memory of edge has no file sites/eu/shp-17.yaml (did you mean eu/shop-17?)',
    );
    expect(await asked('shop-17')).toMatch(/\(did you mean eu\/shop-17\?\)$/);
    expect(await asked('eu/mast')).toMatch(/\(sites\/eu has shop-17, shop-170\)$/);
    expect(await asked('eu/old')).toMatch(/\(rename sites\/eu\/old\.yml to old\.yaml\)$/);
    expect(await asked('us/shop-1')).toMatch(/\(there is no folder sites\/us either\)$/);
  });

  test.each(['../fleet', '', 'a//b', '/a', 'a/', '.hidden', 'a b'])('cannot be called %j', async (site) => {
    expect((await refusal(placeSite(fleet(), { site })))[0]).toMatch(/cannot be a site's name/);
    expect((await refusal(placeSite(memorySnapshot({ 'compose.yaml': '' }), { site })))[0]).toMatch(
      /cannot be a site's name/,
    );
  });

  test('reads nothing that grows with the fleet', async () => {
    const asked = async (sites: number) => {
      const files = Object.fromEntries(Array.from({ length: sites }, (_, i) => [`sites/eu/shop-${i}.yaml`, SITE]));
      const snapshot = fleet({
        ...files,
        'apps/db/app.yaml': `${APP}spec: { placement: { sites: [two] } }`,
        'apps/db/compose.yaml': '',
      });
      await placeSite(snapshot, { site: 'eu/shop-0' });
      return snapshot.asked;
    };
    expect(await asked(1)).toEqual(await asked(300));
    expect((await asked(1)).sort()).toEqual([
      'list ',
      'list apps',
      'list apps/web',
      'read apps/db/app.yaml',
      'read apps/web/app.yaml',
      'read fleet.yaml',
      'read sites/eu/shop-0.yaml',
    ]);
  });
});

describe('what the site hangs on', () => {
  test('is refused with all that is wrong, in both documents', async () => {
    const files = {
      'fleet.yaml': `apiVersion: holdfast/v2
kind: Fleet
metadata:
  nmae: shops
spec:
  siteValues: [A, A, 1B]
  pruneThreshold: 120
  syncPolicy:
    automated:
    prune: true
`,
      'sites/one.yaml': `kind: Site
metadata: { name: two, labels: [a] }
labels: {}
values: { A: 1 }
spec:
  values: { HOLDFAST_SITE: x, B: [1], C: }
  allowEmpty: "yes"
`,
    };
    expect(await refusal(placeSite(fleet(files), {}))).toEqual([
      'fleet.yaml:1:13: apiVersion is `holdfast/v2`, which this Holdfast does not know (write `apiVersion: holdfast/v1`)',
      'fleet.yaml:4:3: unknown key `nmae` in metadata (did you mean `name`?)',
      'fleet.yaml:6:19: spec.siteValues lists "A" twice',
      'fleet.yaml:6:22: spec.siteValues[2] must be the name of a variable: letters, digits and _, not beginning with a digit or with HOLDFAST_, which is for built-in values, not "1B"',
      'fleet.yaml:7:19: spec.pruneThreshold must be at most 100, not "120"',
      'fleet.yaml:9:5: spec.syncPolicy.automated has no value; a mapping was expected (write `{}` if it is meant to be there, or remove the key)',
      'fleet.yaml:10:5: unknown key `prune` in spec.syncPolicy (known are automated)',
      'sites/one.yaml:1:1: `apiVersion` is missing (add `apiVersion: holdfast/v1`)',
      'sites/one.yaml:2:32: metadata.labels must be a mapping, not a list',
      'sites/one.yaml:3:1: unknown key `labels` (it belongs under `metadata`)',
      'sites/one.yaml:4:1: unknown key `values` (it belongs under `spec`)',
      'sites/one.yaml:6:13: the name `HOLDFAST_SITE` in spec.values must be the name of a variable: letters, digits and _, not beginning with a digit or with HOLDFAST_, which is for built-in values',
      'sites/one.yaml:6:34: spec.values.B must be a string, a number or true or false, not a list',
      'sites/one.yaml:6:39: spec.values.C has no value; a string, a number or true or false was expected (write `""` for an empty text, or remove the key)',
      'sites/one.yaml:7:15: spec.allowEmpty must be true or false, not a string',
    ]);
  });

  test('an Application that leaves to the site what is no field', async () => {
    const text = `${APP}spec:
  ignoreDifferences:
    - services: [web]
      fields: [memory, environment.LEVEL, enviroment, labels., secrets]
`;
    const [broken] = (await placeSite(fleet({ 'apps/bad/app.yaml': text }), {})).broken;
    expect(broken?.problems.map(({ message, hint = '' }) => `${message} (${hint.slice(0, 40)})`)).toEqual([
      'spec.ignoreDifferences[0].fields[2] must be the name of a field, not "enviroment" (did you mean `environment`?)',
      'spec.ignoreDifferences[0].fields[3] must be the name of a field, not "labels." (did you mean `labels`?)',
      expect.stringContaining(
        'spec.ignoreDifferences[0].fields[4] must be the name of a field, not "secrets" (known are ',
      ),
    ]);
  });

  test.each([
    [
      '',
      'sites/one.yaml:1:1: the document is empty; a Site was expected (it begins with `apiVersion: holdfast/v1` and `kind: Site`)',
    ],
    [
      '- a',
      'sites/one.yaml:1:1: a Site was expected, not a list (it begins with `apiVersion: holdfast/v1` and `kind: Site`)',
    ],
    [
      `${APP}spec: { nope: 1 }`,
      'sites/one.yaml:2:7: this file must hold a Site, but its kind is `Application` (write `kind: Site`)',
    ],
    [
      'apiVersion: holdfast/v1\nnope: 1',
      'sites/one.yaml:1:1: `kind` is missing; a Site was expected here (add `kind: Site`)',
    ],
    [
      `${SITE}metadata: { name: two }`,
      "sites/one.yaml:3:19: metadata.name is `two`, but the file's path says `one`: sites/one.yaml is the site one (remove metadata.name, or move the file)",
    ],
  ])('a Site that reads %j', async (text, message) => {
    expect(await refusal(placeSite(fleet({ 'sites/one.yaml': text }), {}))).toEqual([message]);
  });

  test.each([
    ['COMPOSE_FILE=a.yml:b.yml', 'a lone app whose .env names its files'],
    ['TAG=1\nexport COMPOSE_FILE=a.yml', 'one of them after an export'],
  ])('%j: %s', async (env) => {
    const { apps } = await placeSite(memorySnapshot({ '.env': env, 'compose.yaml': '', 'docker-compose.yml': '' }), {});
    expect(apps).toMatchObject([{ nameIsFixed: false, compose: [] }]);
  });

  test('text that is not UTF-8', async () => {
    const snapshot: Snapshot = {
      ...fleet(),
      read: async () => ({ content: Uint8Array.of(0x6b, 0xff), executable: false }),
    };
    expect((await refusal(placeSite(snapshot, {})))[0]).toBe(
      'fleet.yaml:1:2: the file is not UTF-8 text from here on (save it as UTF-8)',
    );
  });

  test('broken YAML is told by its place', async () => {
    expect((await refusal(placeSite(fleet({ 'fleet.yaml': `${FLEET}kind: Fleet` }), {})))[0]).toMatch(
      /^fleet\.yaml:3:1: /,
    );
  });
});

describe('a broken Application', () => {
  test('stands in nobody’s way and is called by its folder', async () => {
    const placed = await placeSite(fleet({ 'apps/bad/app.yaml': `${APP}spec: { nope: 1 }` }), {});
    expect(placed.apps.map(({ name }) => name)).toEqual(['web']);
    expect(placed.broken).toEqual([
      {
        name: 'bad',
        problems: [
          {
            app: 'bad',
            at: { file: 'apps/bad/app.yaml', line: 3, column: 9 },
            message: 'unknown key `nope` in spec',
            hint: 'known are placement, compose, overlays, syncPolicy, profiles, projectDirectory, adopt, ignoreDifferences, pruneVolumes, suspend',
          },
        ],
      },
    ]);
  });

  test('is told everything at once', async () => {
    const text = `${APP}placement: {}
spec:
  placement:
    matchExpressions:
      - { key: tier, operator: in, values: [a] }
      - { key: tier, operator: In }
      - { key: tier, operator: Exists, values: [a] }
      - { operator: NotIn, values: [] }
    sites: [a/../b]
  compose: [../base.yaml, /etc/x.yaml]
  overlays:
    - selector: {}
  projectDirectory: ../srv
`;
    expect(await brokenBy({ 'apps/web/app.yaml': text })).toEqual([
      'apps/web/app.yaml:3:1: unknown key `placement` (it belongs under `spec`)',
      'apps/web/app.yaml:7:32: spec.placement.matchExpressions[0].operator must be one of In, NotIn, Exists, DoesNotExist, not "in" (did you mean `In`?)',
      'apps/web/app.yaml:8:9: `values` is missing in spec.placement.matchExpressions[1]',
      'apps/web/app.yaml:9:40: spec.placement.matchExpressions[2].values does not go with the operators Exists and DoesNotExist',
      'apps/web/app.yaml:10:9: `key` is missing in spec.placement.matchExpressions[3]',
      'apps/web/app.yaml:10:36: spec.placement.matchExpressions[3].values must not be empty',
      'apps/web/app.yaml:11:13: spec.placement.sites[0] must be a site\'s name: its path below sites/ without .yaml, with letters, digits, ., - and _, not "a/../b"',
      'apps/web/app.yaml:12:13: spec.compose[0] must be a path inside the Application\'s folder, not "../base.yaml"',
      'apps/web/app.yaml:12:27: spec.compose[1] must be a path inside the Application\'s folder, not "/etc/x.yaml"',
      'apps/web/app.yaml:14:7: `compose` is missing in spec.overlays[0]',
      'apps/web/app.yaml:15:21: spec.projectDirectory must be a path in the Application\'s folder or an absolute one on the site, without .., not "../srv"',
    ]);
  });

  test('has no Compose file', async () => {
    const snapshot = memorySnapshot({ 'fleet.yaml': FLEET, 'sites/one.yaml': SITE, 'apps/web/app.yaml': APP });
    expect((await placeSite(snapshot, {})).broken[0]?.problems[0]).toMatchObject({
      at: { file: 'apps/web/app.yaml', line: 1, column: 1 },
      message: 'apps/web has no Compose file',
    });
  });

  test('names a Compose file that is not there', async () => {
    const text = `${APP}spec:\n  compose: [compse.yaml, other.yaml]\n`;
    expect(await brokenBy({ 'apps/web/app.yaml': text })).toEqual([
      'apps/web/app.yaml:4:13: there is no file apps/web/compse.yaml (did you mean `compose.yaml`?)',
      'apps/web/app.yaml:4:26: there is no file apps/web/other.yaml',
    ]);
  });

  test('has a folder whose name is no project name', async () => {
    const { broken } = await placeSite(fleet({ 'apps/Web App/app.yaml': APP }), {});
    expect(broken.map(({ name, problems }) => [name, problems[0]?.message])).toEqual([
      [
        'Web App',
        'the folder\'s name "Web App" is the Application\'s name, but it cannot be the name of a Compose project',
      ],
    ]);
  });

  test('calls its document by another name, or has none', async () => {
    const { broken } = await placeSite(fleet({ 'apps/a/app.yml': APP, 'apps/b/docker-compose.yml': COMPOSE }), {});
    expect(new InputError(broken.flatMap(({ problems }) => problems)).message.split('\n')).toEqual([
      'apps/a/app.yml:1:1: the file of an Application is named app.yaml, not app.yml (rename it to app.yaml)',
      'apps/b/docker-compose.yml:1:1: apps/b has a Compose file but no app.yaml (add apps/b/app.yaml with `kind: Application`, or move the folder out of apps/)',
    ]);
  });

  test('is a link', async () => {
    const files = fleet();
    const snapshot: Snapshot = {
      ...files,
      read: async (path) => {
        if (path === 'apps/web/app.yaml') throw new SourceError('path', 'apps/web is a symbolic link');
        return files.read(path);
      },
    };
    expect((await placeSite(snapshot, {})).broken).toEqual([
      { name: 'web', problems: [{ app: 'web', message: 'apps/web is a symbolic link' }] },
    ]);
  });

  test('is not what a source that fails makes of an app', async () => {
    const files = fleet();
    const snapshot: Snapshot = {
      ...files,
      read: async (path) => {
        if (path.startsWith('apps/')) throw new SourceError('unreachable', 'gone');
        return files.read(path);
      },
    };
    await expect(placeSite(snapshot, {})).rejects.toMatchObject({ kind: 'unreachable' });
  });
});

describe('a Site that pins a revision', () => {
  const pinned = (revision: string) => `${SITE}spec: { targetRevision: ${revision}, values: { SIZE: big } }\n`;

  test('is itself read here, and all else there', async () => {
    const here = fleet({ 'sites/one.yaml': pinned('v1.0.0'), 'fleet.yaml': 'nonsense', 'apps/new/app.yaml': APP });
    const there = fleet({
      'sites/one.yaml': 'nonsense',
      'fleet.yaml': `${FLEET}spec: { pruneThreshold: 7, values: { SIZE: small, A: 1 } }\n`,
    });
    there.revision = '2'.repeat(40);
    const pins: unknown[] = [];
    const placed = await placeSite(here, {
      pinned: async (pin) => {
        pins.push(pin);
        return there;
      },
    });
    expect(pins).toEqual([{ revision: 'v1.0.0', at: { file: 'sites/one.yaml', line: 3, column: 25 } }]);
    expect(placed).toMatchObject({ revision: there.revision, pruneThreshold: 7 });
    expect(placed.apps).toMatchObject([{ name: 'web', values: { SIZE: 'big', A: '1' } }]);
    expect(there.asked).not.toContain('read sites/one.yaml');
  });

  test('is taken as if it did not, where nobody can look the revision up', async () => {
    expect((await placeSite(fleet({ 'sites/one.yaml': pinned('v1') }), {})).revision).toBe('1'.repeat(40));
  });

  test('is refused where no repo can have such a revision, whoever reads it', async () => {
    for (const revision of ['"a b"', '"^nothing"', '""', 'a..b', '-x', '[v1]', '~'])
      expect(await refusal(placeSite(fleet({ 'sites/one.yaml': pinned(revision) }), {}))).toEqual([
        expect.stringMatching(/^sites\/one.yaml:3:(9|25): .*targetRevision/),
      ]);
  });

  test('is refused where the repo was no fleet yet', async () => {
    const placing = placeSite(fleet({ 'sites/one.yaml': pinned('v1') }), {
      pinned: async () => memorySnapshot({ 'compose.yaml': COMPOSE }),
    });
    expect(await refusal(placing)).toEqual([
      'sites/one.yaml:3:25: targetRevision v1 is commit 111111111111, which has no fleet.yaml (pin a revision at which the repo is a fleet)',
    ]);
  });
});
