import type { CompiledSite } from '../compose/compile-fleet.ts';
import { longerOf } from '../fleet/rollout.ts';
import type { Problem } from '../lib/errors.ts';
import type { SiteStep } from '../model/fleet.ts';
import type { DesiredApp } from '../model/state.ts';
import { generalize, type SiteWords } from './generalize.ts';
import type { GroupImpact, ImpactGroup } from './impact.ts';
import { siteImpact } from './site-impact.ts';

/** One site on one side of a change. */
export type SiteSide =
  | { kind: 'compiled'; compiled: CompiledSite; words: SiteWords }
  /** Its document, or that of the Fleet, cannot be used. */
  | { kind: 'broken'; problems: readonly Problem[] }
  /** The site pins a revision that is not here. */
  | { kind: 'unknown'; why: string };

/** Collects sites with the same impact. The cost grows with the impacts that differ, and little with the number of sites. */
export interface FleetImpact {
  /** Either side is undefined where the revision does not name the site. */
  add(site: string, from: SiteSide | undefined, to: SiteSide | undefined): void;
  /** The largest group first; that of the sites to which nothing happens last. */
  groups(): ImpactGroup[];
}

/** `apps`: only these apps are told of. */
export function createFleetImpact(apps?: readonly string[]): FleetImpact {
  const groups = new Map<string, GrowingGroup>();
  const planned = new Map<string, GroupImpact>();
  const digests = createDigests();

  /** Apps that differ, and those whose plan may hang on another app. Sites with the same key have the same plan, apart from their own words. */
  const keyOf = (from: CompiledSite, to: CompiledSite): string | undefined => {
    const names = [...new Set([...namesIn(from), ...namesIn(to)])];
    const parts = names.map((name) => [digests.of(from, name), digests.of(to, name)] as const);
    if (parts.every(([a, b]) => a === b) && digests.ofRules(from) === digests.ofRules(to)) return undefined;
    const relevant = names.filter((name, index) => {
      const [a, b] = parts[index] ?? [];
      return a !== b || digests.isEntangled(from, name) || digests.isEntangled(to, name);
    });
    const size = [...from.results.values()].reduce((sum, each) => sum + digests.containers(each), 0);
    return JSON.stringify([
      relevant.map((name) => [name, digests.of(from, name), digests.of(to, name)]),
      digests.ofRules(from),
      digests.ofRules(to),
      size,
    ]);
  };

  const changed = (from: CompiledSite, to: CompiledSite): GroupImpact => {
    const key = keyOf(from, to);
    if (key === undefined) return { kind: 'unchanged' };
    const known = planned.get(key);
    if (known) return known;
    const impact = siteImpact(from, to, apps);
    const found: GroupImpact = impact.apps.length === 0 ? { kind: 'unchanged' } : { kind: 'changed', impact };
    planned.set(key, found);
    return found;
  };

  const impactOf = (from: SiteSide | undefined, to: SiteSide | undefined): GroupImpact => {
    if (!to) return { kind: 'removed' };
    if (to.kind !== 'compiled') return to;
    if (!from) return { kind: 'added', impact: siteImpact(emptied(to.compiled), to.compiled, apps) };
    // Nobody knows from Git what runs; the site goes from there to what is right.
    return changed(from.kind === 'compiled' ? from.compiled : emptied(to.compiled), to.compiled);
  };

  return {
    add(site, from, to) {
      const impact = withSteps(impactOf(from, to), from, to);
      const words = to?.kind === 'compiled' ? wordsOf(from, to) : undefined;
      const general = 'impact' in impact && words ? { ...impact, impact: generalize(impact.impact, words) } : impact;
      const key = JSON.stringify(general);
      const group = groups.get(key);
      if (!group) groups.set(key, { sites: [site], impact, general, text: JSON.stringify(impact) });
      else {
        group.sites.push(site);
        // The sites' own words are shown as long as all sites of the group have the same.
        if (group.impact !== impact && JSON.stringify(impact) !== group.text) group.impact = group.general;
      }
    },
    groups() {
      const all = [...groups.values()].map(({ sites, impact }): ImpactGroup => ({ sites: sites.sort(), impact }));
      const rank = ({ impact, sites }: ImpactGroup): number => (impact.kind === 'unchanged' ? -1 : sites.length);
      return all.sort((a, b) => rank(b) - rank(a) || ((a.sites[0] ?? '') < (b.sites[0] ?? '') ? -1 : 1));
    },
  };
}

/** The impact with the step in which each app's change begins. A new site begins everything at once. */
function withSteps(impact: GroupImpact, from: SiteSide | undefined, to: SiteSide | undefined): GroupImpact {
  if (impact.kind !== 'changed' || from?.kind !== 'compiled' || to?.kind !== 'compiled') return impact;
  const [before, after] = [from.compiled, to.compiled];
  const stepOf = (app: string): SiteStep | undefined =>
    after.results.has(app)
      ? longerOf(before.steps.get(app), after.steps.get(app))
      : (before.steps.get(app) ?? after.placed.step);
  const apps = impact.impact.apps.map((each) => ({
    ...each,
    step: each.changes.length > 0 ? stepOf(each.app) : undefined,
  }));
  return apps.some(({ step }) => step) ? { ...impact, impact: { ...impact.impact, apps } } : impact;
}

interface GrowingGroup extends ImpactGroup {
  /** With names in the place of the sites' own words. */
  general: GroupImpact;
  /** The impact on the first site. */
  text: string;
}

const wordsOf = (from: SiteSide | undefined, to: SiteSide & { kind: 'compiled' }): SiteWords => ({
  ...to.words,
  ...(from?.kind === 'compiled' && { before: from.words.values }),
});

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

/** Tells which compiled apps are the same. Each shared result is looked at once. */
function createDigests() {
  const numbers = new Map<string, number>();
  const number = (text: string): number => {
    const known = numbers.get(text) ?? numbers.size;
    numbers.set(text, known);
    return known;
  };
  const known = new WeakMap<object, { digest: number; isEntangled: boolean; containers: number }>();
  const factsOf = (result: object, text: () => string, app?: DesiredApp) => {
    const found = known.get(result);
    if (found) return found;
    const containers = app?.services.reduce((sum, each) => sum + each.containers.length, 0) ?? 0;
    const made = { digest: number(text()), isEntangled: app ? isEntangled(app) : false, containers };
    known.set(result, made);
    return made;
  };
  const facts = (result: Result) =>
    'problems' in result
      ? factsOf(result, () => JSON.stringify(result.problems))
      : factsOf(result, () => textOf(result.desired), result.desired);
  const rules = new WeakMap<object, number>();
  return {
    /** undefined where the site does not have the app. */
    of({ results, lost, placed }: CompiledSite, name: string): number | undefined {
      const problems = lost.get(name) ?? placed.broken.find((each) => each.name === name)?.problems;
      if (problems) return factsOf(problems, () => JSON.stringify(problems)).digest;
      const result = results.get(name);
      return result && facts(result).digest;
    },
    isEntangled({ results }: CompiledSite, name: string): boolean {
      const result = results.get(name);
      return result !== undefined && facts(result).isEntangled;
    },
    containers: (result: Result): number => facts(result).containers,
    /** Everything of a site beside its apps that its plan depends on. */
    ofRules({ placed }: CompiledSite): number {
      const found = rules.get(placed);
      if (found !== undefined) return found;
      const { allowEmpty, pruneThreshold, confirmPrune, vanished, elsewhere, suspend } = placed;
      const made = number(JSON.stringify([allowEmpty, pruneThreshold, confirmPrune, vanished, elsewhere, suspend]));
      rules.set(placed, made);
      return made;
    },
  };
}

/** All that the planner reads of an app. Revision, warnings and positions are not among it. */
function textOf({
  revision: _,
  warnings: _warnings,
  missing: _missing,
  outside: _outside,
  ...app
}: DesiredApp): string {
  const files = app.files.map(({ path, digest, mode }) => [path, digest, mode]);
  return JSON.stringify({ ...app, files }, (_key, value: unknown) =>
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
