import type { CompiledSite } from '../compose/compile-fleet.ts';
import type { KnownApps } from '../fleet/facts/known-site.ts';
import type { Problem } from '../lib/errors.ts';
import { entry } from '../lib/maps/map-entry.ts';
import { own } from '../lib/maps/own.ts';
import type { DesiredApp } from '../model/state.ts';
import { generalizer, type SiteWords } from './generalize.ts';
import type { GroupImpact, ImpactGroup } from './impact.ts';
import type { Observation } from './observed/observation.ts';
import { rewrittenGroup } from './rewrite.ts';
import { type ImpactOptions, siteImpact } from './site-impact.ts';
import { setsOf, stepsOf } from './steps.ts';

/** One site on one side of a change. */
export type SiteSide =
  | {
      kind: 'compiled';
      compiled: CompiledSite;
      /** Those of the Site itself. */
      values: Readonly<Record<string, string>>;
      /** Its apps as the facts of the site tell. Absent: they are not known. */
      known?: KnownApps | undefined;
    }
  /** Its document, or that of the Fleet, cannot be used. */
  | { kind: 'broken'; problems: readonly Problem[] }
  /** The site pins a revision that is not here. */
  | { kind: 'unknown'; why: string };

type CompiledSide = SiteSide & { kind: 'compiled' };
type Known = NonNullable<ImpactOptions['known']>;

/** Collects sites with the same impact. The cost grows with the impacts that differ, and little with the number of sites. */
export interface FleetImpact {
  /** Either side is undefined where the revision does not name the site. `observation` tells what really runs; without it, that is the old side. */
  add(site: string, from: SiteSide | undefined, to: SiteSide | undefined, observation?: Observation): void;
  /** The two sites have the app in other ways. */
  differ(one: CompiledSite, other: CompiledSite, app: string): boolean;
  /** The largest group first; that of the sites to which nothing happens last. */
  groups(): ImpactGroup[];
}

export function createFleetImpact({
  apps,
  placeholders,
}: Omit<ImpactOptions, 'observation' | 'known'> = {}): FleetImpact {
  const groups = new Map<string, EqualSites>();
  const planned = new Map<string, GroupImpact>();
  const digests = createDigests();

  /** Apps that differ, and those whose plan may hang on another app. Sites with the same key have the same plan, apart from their own words. */
  const keyOf = (from: CompiledSite, to: CompiledSite, known: Known): string | undefined => {
    const names = new Set([...namesIn(from), ...namesIn(to)]);
    const differing = new Set([...names].filter((name) => digests.differ(from, to, name)));
    if (differing.size === 0 && digests.ofRules(from) === digests.ofRules(to)) return undefined;
    const relevant = [...names].filter(
      (name) => differing.has(name) || digests.isEntangled(from, name) || digests.isEntangled(to, name),
    );
    const size = [...from.results.values()].reduce((sum, each) => sum + digests.containers(each), 0);
    return JSON.stringify([
      relevant.map((name) => [name, digests.of(from, name), digests.of(to, name)]),
      digests.ofRules(from),
      digests.ofRules(to),
      size,
      [known.from, known.to].map((each) => each && [[...each.parked], [...each.unseen.keys()]]),
    ]);
  };

  const changed = (from: CompiledSite, to: CompiledSite, known: Known): GroupImpact => {
    const key = keyOf(from, to, known);
    if (key === undefined) return { kind: 'unchanged' };
    const before = planned.get(key);
    if (before) return before;
    const impact = siteImpact(from, to, { apps, known });
    const found: GroupImpact = impact.apps.length === 0 ? { kind: 'unchanged' } : { kind: 'changed', impact };
    planned.set(key, found);
    return found;
  };

  const impactOf = (from: SiteSide | undefined, to: SiteSide | undefined): GroupImpact => {
    if (!to) return { kind: 'removed' };
    if (to.kind !== 'compiled') return to;
    const known = { from: from?.kind === 'compiled' ? from.known : undefined, to: to.known };
    if (!from) return { kind: 'added', impact: siteImpact(emptied(to.compiled), to.compiled, { apps, known }) };
    // Nobody knows from Git what runs; the site goes from there to what is right.
    return changed(from.kind === 'compiled' ? from.compiled : emptied(to.compiled), to.compiled, known);
  };

  /** Each site runs something of its own, so that each is planned. */
  const observed = (
    from: SiteSide | undefined,
    { compiled, known: to }: CompiledSide,
    observation: Observation,
  ): GroupImpact => {
    const before = from?.kind === 'compiled' ? from : { compiled: emptied(compiled), known: undefined };
    const known = { from: before.known, to };
    const impact = siteImpact(before.compiled, compiled, { apps, observation, placeholders, known });
    return impact.apps.length === 0 ? { kind: 'unchanged' } : { kind: 'changed', impact };
  };

  const tied = new WeakMap<GroupImpact, string[][]>();
  const stepped = new WeakMap<GroupImpact, Map<string, GroupImpact>>();
  /** The impact with the step in which each app's change begins. A new site begins everything at once. */
  const withSteps = (impact: GroupImpact, from: SiteSide | undefined, to: SiteSide | undefined): GroupImpact => {
    if (impact.kind !== 'changed' || from?.kind !== 'compiled' || to?.kind !== 'compiled') return impact;
    const [before, after] = [from.compiled, to.compiled];
    const { impact: site } = impact;
    const sets = entry(tied, impact, () => setsOf(site, before, after));
    const steps = stepsOf(site, sets, before, after);
    if (steps.every(({ step }) => step === undefined)) return impact;
    // Many sites are in the same steps, and share what is found for the first of them.
    const known = entry(stepped, impact, () => new Map<string, GroupImpact>());
    return entry(known, JSON.stringify(steps), (): GroupImpact => {
      const apps = impact.impact.apps.map((each, index) => ({ ...each, ...steps[index] }));
      return { ...impact, impact: { ...impact.impact, apps } };
    });
  };

  const texts = new WeakMap<GroupImpact, string>();
  const textOf = (impact: GroupImpact): string => {
    const text = texts.get(impact) ?? JSON.stringify(impact);
    texts.set(impact, text);
    return text;
  };

  return {
    differ: digests.differ,
    add(site, from, to, observation) {
      const found = observation && to?.kind === 'compiled' ? observed(from, to, observation) : impactOf(from, to);
      const impact = withSteps(found, from, to);
      const words = 'impact' in impact ? wordsOf(site, from, to) : {};
      const text = textOf(impact);
      const group = groups.get(text);
      if (!group) groups.set(text, { sites: [site], impact, words });
      else {
        group.sites.push(site);
        group.words = shared(group.words, words);
      }
    },
    groups() {
      const all = mergedBySites([...groups.values()]);
      const rank = ({ impact, sites }: ImpactGroup): number => (impact.kind === 'unchanged' ? -1 : sites.length);
      return all.sort((a, b) => rank(b) - rank(a) || ((a.sites[0] ?? '') < (b.sites[0] ?? '') ? -1 : 1));
    },
  };
}

/** Sites to which exactly the same happens. */
interface EqualSites extends ImpactGroup {
  /** Those words that all of these sites have. */
  words: SiteWords;
}

/** Makes groups one whose impacts differ only by the sites' own words. A group of its own keeps them. */
function mergedBySites(groups: readonly EqualSites[]): ImpactGroup[] {
  const merged = new Map<string, { general: GroupImpact; parts: EqualSites[] }>();
  for (const group of groups) {
    const general = rewrittenGroup(group.impact, generalizer(group.words));
    const { parts } = entry(merged, JSON.stringify(general), () => ({ general, parts: [] as EqualSites[] }));
    parts.push(group);
  }
  return [...merged.values()].map(({ general, parts }) => ({
    sites: parts.flatMap(({ sites }) => sites).sort(),
    impact: parts.length === 1 && parts[0] ? parts[0].impact : general,
  }));
}

/** The words of a site that are the same on both sides of the change. */
function wordsOf(site: string, from: SiteSide | undefined, to: SiteSide | undefined): SiteWords {
  const values = to?.kind === 'compiled' ? to.values : {};
  const before = from?.kind === 'compiled' ? from.values : values;
  return { HOLDFAST_SITE: site, ...shared(values, before) };
}

const shared = (one: SiteWords, other: SiteWords): SiteWords =>
  Object.fromEntries(Object.entries(one).filter(([name, value]) => own(other, name) === value));

const namesIn = ({ results, placed }: CompiledSite): string[] => [
  ...results.keys(),
  ...placed.broken.map(({ name }) => name),
];

/** The same site, which runs nothing yet. */
const emptied = ({ placed }: CompiledSite): CompiledSite => ({
  placed: { ...placed, broken: [], elsewhere: [] },
  results: new Map(),
  steps: new Map(),
  lost: new Map(),
});

type Result = CompiledSite['results'] extends ReadonlyMap<string, infer Each> ? Each : never;

/** Tells which compiled apps are the same. Each shared result is looked at once, and its text is made only if it is compared with another one. */
function createDigests() {
  const numbers = new Map<string, number>();
  const number = (text: string): number => entry(numbers, text, () => numbers.size);
  const known = new WeakMap<object, number>();
  const digest = (object: object, text: () => string): number => entry(known, object, () => number(text()));
  const shapes = new WeakMap<object, { isEntangled: boolean; containers: number }>();
  const shapeOf = (result: Result) =>
    entry(shapes, result, () =>
      'problems' in result
        ? { isEntangled: false, containers: 0 }
        : {
            isEntangled: isEntangled(result.desired),
            containers: result.desired.services.reduce((sum, each) => sum + each.containers.length, 0),
          },
    );
  /** The app as the site has it: compiled, or with the problems that keep it from running. */
  const found = ({ results, lost, placed }: CompiledSite, name: string): Result | readonly Problem[] | undefined =>
    lost.get(name) ?? placed.broken.find((each) => each.name === name)?.problems ?? results.get(name);
  /** undefined where the site does not have the app. */
  const of = (site: CompiledSite, name: string): number | undefined => {
    const app = found(site, name);
    if (app === undefined) return undefined;
    return digest(app, () =>
      'desired' in app ? textOf(app.desired) : JSON.stringify('problems' in app ? app.problems : app),
    );
  };
  return {
    of,
    differ: (from: CompiledSite, to: CompiledSite, name: string): boolean =>
      found(from, name) !== found(to, name) && of(from, name) !== of(to, name),
    isEntangled({ results }: CompiledSite, name: string): boolean {
      const result = results.get(name);
      return result !== undefined && shapeOf(result).isEntangled;
    },
    containers: (result: Result): number => shapeOf(result).containers,
    /** Everything of a site beside its apps that its plan depends on. */
    ofRules: ({ placed }: CompiledSite): number =>
      digest(placed, () => {
        const { allowEmpty, pruneThreshold, confirmPrune, vanished, elsewhere, leftByFact, absent, suspend } = placed;
        const rules = [allowEmpty, pruneThreshold, confirmPrune, vanished, elsewhere, leftByFact, absent, suspend];
        return JSON.stringify(rules);
      }),
  };
}

/** All that the planner reads of an app. Revision, warnings and positions are not among it. */
function textOf({
  revision: _,
  warnings: _warnings,
  missing: _missing,
  outside: _outside,
  encrypted: _encrypted,
  ...app
}: DesiredApp): string {
  const dependsOn = app.dependsOn?.map((each) => each.app);
  const files = app.files.map(({ path, digest, mode }) => [path, digest, mode]);
  return JSON.stringify({ ...app, files, dependsOn }, (_key, value: unknown) =>
    value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : value,
  );
}

/** Its plan may hang on what happens to another app: it joins a container, or uses a network or volume, that is not its own. */
const isEntangled = ({ services, networks, volumes }: DesiredApp): boolean =>
  [...networks, ...volumes].some(({ external }) => external) ||
  services.some(({ containers }) =>
    containers.some(({ spec }) =>
      [spec.NetworkMode, spec.PidMode, spec.IpcMode, ...(spec.VolumesFrom ?? [])].some((mode) =>
        mode?.startsWith('container:'),
      ),
    ),
  );
