import { describe, expect, test } from '@jest/globals';
import { listSites, placeSite } from '../../../../src/fleet/place-site.ts';
import type { Snapshot } from '../../../../src/model/snapshot.ts';
import { memorySnapshot } from '../../../support/values/memory-snapshot.ts';
import { APP, COMPOSE, FLEET, fleet, refusal, SITE } from './fleets.ts';

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
    expect(await asked('eu')).toMatch(/\(did you mean eu\/shop-17\?\)$/);
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

describe('documents that the whole site needs', () => {
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

  test('is refused when no repo can have such a revision, by every reader', async () => {
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
