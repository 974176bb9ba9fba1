import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createFleetCompiler, desiredOfSite } from '../../../src/compose/compile-fleet.ts';
import { compileSite } from '../../../src/compose/compile-site.ts';
import { type AskKnown, factsBy, type KnownSite, knownApps } from '../../../src/fleet/facts/known-site.ts';
import { placeSite } from '../../../src/fleet/place-site.ts';
import { readSite } from '../../../src/fleet/sites.ts';
import { generalizer } from '../../../src/impact/generalize.ts';
import { observationOf } from '../../../src/impact/observed/blot.ts';
import { desiredApps } from '../../../src/impact/read-side.ts';
import { rewrittenImpact } from '../../../src/impact/rewrite.ts';
import { runningSite } from '../../../src/impact/running.ts';
import { siteImpact } from '../../../src/impact/site-impact.ts';
import { plan } from '../../../src/plan/plan.ts';
import { largeFleet, siteName } from '../../support/site/large-fleet.ts';
import { memorySnapshot } from '../../support/values/memory-snapshot.ts';
import { compare, type Files, OPTIONS } from '../../unit/impact/support.ts';

const RUNS = Number(process.env.HOLDFAST_PROPERTY_RUNS ?? 10);

/** Changes that people make to a fleet. Some are refused, some do nothing. */
const edit: fc.Arbitrary<(files: Files) => Files> = fc
  .record({
    kind: fc.constantFrom(
      'image',
      'label',
      'value',
      'drop',
      'site',
      'broken',
      'join',
      'rename',
      'port',
      'prune',
      'fleet',
      'requires',
      'arch',
    ),
    app: fc.integer({ min: 0, max: 9 }),
    site: fc.integer({ min: 0, max: 7 }),
    text: fc.constantFrom('1.1', '1.2', 'us', 'eu'),
  })
  .map(({ kind, app, site, text }) => (files) => {
    const folder = `apps/app-0${app}`;
    const compose = `${folder}/compose.yaml`;
    const sites = Object.keys(files).filter((path) => path.startsWith('sites/'));
    const chosen = sites[site % sites.length] ?? '';
    const replace = (path: string, pattern: string | RegExp, by: string): Files =>
      files[path] === undefined ? files : { ...files, [path]: files[path].replace(pattern, by) };
    switch (kind) {
      case 'image':
        return replace(compose, /app-(\d+):\S+/, `app-$1:${text}`);
      case 'label':
        return replace(chosen, /"region": "\w+"/, `"region": "${text}"`);
      case 'value':
        return replace(chosen, /"SITE_NUMBER": "\d+"/, `"SITE_NUMBER": "${text}"`);
      case 'drop':
        return Object.fromEntries(Object.entries(files).filter(([path]) => !path.startsWith(`${folder}/`)));
      case 'site':
        return Object.fromEntries(Object.entries(files).filter(([path]) => path !== chosen));
      case 'broken':
        return replace(compose, 'image:', 'imagee:');
      case 'join':
        return replace(compose, 'mem_limit: 128m', 'network_mode: "container:app-01-web-1"');
      case 'rename':
        return replace(compose, /\bstore\b/g, 'shelf');
      case 'port':
        return replace(compose, 'mem_limit: 128m', 'ports: ["8080:80"]');
      case 'prune':
        return replace('fleet.yaml', '"prune":true', '"prune":false');
      case 'requires':
        return withSpec(files, `${folder}/app.yaml`, { requires: { devices: [{ path: `/dev/tty${text}` }] } });
      case 'arch':
        return withSpec(files, `${folder}/app.yaml`, { placement: { matchLabels: { 'holdfast.arch': 'arm64' } } });
      default:
        return replace('fleet.yaml', '"LOG_LEVEL":"info"', `"LOG_LEVEL":"${text}"`);
    }
  });

function withSpec(files: Files, path: string, more: object): Files {
  const document = files[path] === undefined ? undefined : JSON.parse(files[path]);
  return document ? { ...files, [path]: JSON.stringify({ ...document, spec: { ...document.spec, ...more } }) } : files;
}

/** Some sites have /dev/tty1.2, of some it is not known, and some have no file of facts. */
async function known(site: string): Promise<KnownSite | undefined> {
  const kind = Number(site.slice(-1)) % 4;
  if (kind === 3) return undefined;
  return {
    facts: { 'holdfast.arch': kind === 0 ? 'arm64' : 'amd64' },
    async look({ devices }) {
      const path = devices[0]?.path;
      if (kind === 2) return { unseen: [`${path}`] };
      return { unseen: [], parking: path === '/dev/tty1.2' ? undefined : { reason: `needs ${path}`, stops: true } };
    },
  };
}

const edits = fc.array(edit, { maxLength: 4 });
const applied = (files: Files, all: readonly ((files: Files) => Files)[]): Files =>
  all.reduce((here, change) => change(here), files);

const BASE: Files = withSpec(Object.fromEntries(largeFleet({ sites: 8, apps: 10 })), 'fleet.yaml', {
  oldestAgent: '0.2.0',
});

/** The files that all sites read. */
const ofAll = (files: Files): Files =>
  Object.fromEntries(Object.entries(files).filter(([path]) => !path.startsWith('sites/')));

/** One site of a revision, placed and compiled alone. */
async function alone(files: Files, site: string, known?: AskKnown) {
  const snapshot = memorySnapshot(files);
  const placed = await placeSite(snapshot, { site, facts: factsBy(known) });
  return { compiled: await createFleetCompiler(OPTIONS)(placed, snapshot), placed, snapshot };
}

describe('the fleet diff', () => {
  test('gives each site once, with the plan that it has alone', async () => {
    await fc.assert(
      fc.asyncProperty(edits, edits, async (first, second) => {
        const from = applied(BASE, first);
        const to = applied(from, second);
        const { groups } = await compare(from, to, undefined, undefined, { known });
        const named = groups.flatMap(({ sites }) => sites);
        const all = new Set(
          [...Object.keys(from), ...Object.keys(to)].flatMap((path) => /^sites\/(.*)\.yaml$/.exec(path)?.[1] ?? []),
        );
        expect(named.toSorted()).toEqual([...all].sort());
        for (const { sites, impact } of groups) {
          for (const site of sites) {
            if (impact.kind !== 'changed' && impact.kind !== 'unchanged') continue;
            const [before, after] = [await alone(from, site, known), await alone(to, site, known)];
            const here = await known(site);
            const apps = async ({ compiled }: typeof before) => here && knownApps(here, desiredApps(compiled));
            const facts = { from: await apps(before), to: await apps(after) };
            const single = siteImpact(before.compiled, after.compiled, { known: facts });
            if (impact.kind === 'unchanged') expect(single.apps).toEqual([]);
            else {
              const words = async (files: Files) => (await readSite(memorySnapshot(files), site)).values;
              const [before, after] = [await words(from), await words(to)];
              const kept = Object.entries(after).filter(([name, value]) => before[name] === value);
              const general = generalizer({ HOLDFAST_SITE: site, ...Object.fromEntries(kept) });
              expect(rewrittenImpact(single, general)).toEqual(rewrittenImpact(impact.impact, general));
            }
          }
        }
      }),
      { numRuns: RUNS },
    );
  });

  test('gives each of 10,000 sites once, and a sample of 200 exactly the plan that they have alone', async () => {
    const of = (version: string): Files => Object.fromEntries(largeFleet({ sites: 10_000, apps: 10, version }));
    const [from, to] = [of('1.0'), of('1.1')];
    // Sites that differ by more than an image.
    for (let index = 0; index < 10_000; index += 3) {
      const path = `sites/${siteName(index)}.yaml`;
      to[path] = (to[path] ?? '').replace(/"ring": "\w+"/, '"ring": "canary"');
    }
    const { groups } = await compare(from, to);
    const bySite = new Map(groups.flatMap(({ sites, impact }) => sites.map((site) => [site, impact] as const)));
    expect([bySite.size, groups.reduce((sum, { sites }) => sum + sites.length, 0)]).toEqual([10_000, 10_000]);
    const sample = Array.from({ length: 200 }, (_, index) => siteName(index * 50 + (index % 50)));
    const [common, commonTo] = [ofAll(from), ofAll(to)];
    for (const site of sample) {
      const impact = bySite.get(site);
      const path = `sites/${site}.yaml`;
      const before = await alone({ ...common, [path]: from[path] ?? '' }, site);
      const after = await alone({ ...commonTo, [path]: to[path] ?? '' }, site);
      const single = siteImpact(before.compiled, after.compiled);
      expect(impact?.kind === 'changed' && impact.impact).toEqual(single);
    }
  }, 300_000);

  test('compiles many sites as it compiles each alone', async () => {
    await fc.assert(
      fc.asyncProperty(edits, async (changes) => {
        const files = applied(BASE, changes);
        const snapshot = memorySnapshot(files);
        const compile = createFleetCompiler(OPTIONS);
        for (const path of Object.keys(files)) {
          const site = /^sites\/(.*)\.yaml$/.exec(path)?.[1];
          if (site === undefined) continue;
          const placed = await placeSite(snapshot, { site });
          expect(desiredOfSite(await compile(placed, snapshot))).toEqual(await compileSite(placed, snapshot, OPTIONS));
        }
      }),
      { numRuns: RUNS },
    );
  });

  test('is the same where an observation tells that sites run what they should, secrets left out', async () => {
    await fc.assert(
      fc.asyncProperty(edits, edits, fc.nat(7), async (first, second, index) => {
        const from = applied(BASE, first);
        const to = applied(from, second);
        const sites = Object.keys(to).flatMap((path) => /^sites\/(.*)\.yaml$/.exec(path)?.[1] ?? []);
        const site = sites[index % sites.length] ?? '';
        const [before, after] = [(await alone(from, site)).compiled, (await alone(to, site)).compiled];
        const desired = desiredOfSite(before);
        const { actual } = runningSite(desired);
        const blotting = { desired, placeholders: new Set<string>(), hide: (text: string) => text };
        // As a file has it.
        const observation = JSON.parse(JSON.stringify(observationOf(site, actual, '', blotting)));
        const [plain, observed] = [siteImpact(before, after), siteImpact(before, after, { observation })];
        expect(observed.apps).toEqual(plain.apps);
      }),
      { numRuns: RUNS },
    );
  });

  test('a site that runs what it should needs nothing', async () => {
    await fc.assert(
      fc.asyncProperty(edits, fc.nat(7), async (changes, index) => {
        const files = applied(BASE, changes);
        const sites = Object.keys(files).flatMap((path) => /^sites\/(.*)\.yaml$/.exec(path)?.[1] ?? []);
        const { compiled } = await alone(files, sites[index % sites.length] ?? '');
        const desired = desiredOfSite(compiled);
        const { actual, memory } = runningSite(desired);
        const made = plan(desired, actual, memory, 0, { byHand: false, prune: false, pullAlways: true });
        expect(made.apps.flatMap(({ operations }) => operations)).toEqual([]);
      }),
      { numRuns: RUNS },
    );
  });
});
