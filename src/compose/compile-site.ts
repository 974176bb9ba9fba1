import { defectProblem, HoldfastError, InputError, type Problem } from '../lib/errors.ts';
import type { Reading } from '../model/app/outside-path.ts';
import type { PlacedApp, PlacedSite } from '../model/fleet.ts';
import type { Snapshot } from '../model/snapshot.ts';
import type { BrokenApp, DesiredSite } from '../model/state.ts';
import { isAdopting } from './adoption.ts';
import { type Held, heldOf } from './claims.ts';
import { type Compiled, compileWhole } from './compile-app.ts';
import { type Contender, conflictsOf } from './conflicts.ts';
import type { CompileOptions, PathsBefore } from './load/values/values.ts';
import { SiteShare } from './site-share.ts';

/** An app's claims at its last acceptance, and the meaning of its paths that lead out of its folder. */
export interface AppBefore {
  claims: readonly Held[];
  readings: readonly Reading[];
}

/** The last accepted state of all apps, by the name of the placed app. */
export type SiteBefore = ReadonlyMap<string, AppBefore>;

/**
 * Compiles all apps of a site. An app that cannot be compiled, or that claims a thing of another app, is broken: the result has its problems,
 * and the other apps continue. `snapshot` may give each app its own snapshot: the last one that was good for it. Throws SourceError when a
 * snapshot cannot be read.
 */
export async function compileSite(
  placed: PlacedSite,
  snapshot: Snapshot | ((app: PlacedApp) => Snapshot),
  options: CompileOptions,
  before: SiteBefore = new Map(),
): Promise<DesiredSite> {
  return (await compileClaims(placed, snapshot, options, before)).desired;
}

/** Compiles all apps of a site, and gives the claims that each app holds from now on, by the name of the placed app. */
export async function compileClaims(
  placed: PlacedSite,
  snapshot: Snapshot | ((app: PlacedApp) => Snapshot),
  options: CompileOptions,
  before: SiteBefore,
): Promise<{ desired: DesiredSite; held: Map<string, AppBefore> }> {
  const results = new Map<string, BrokenApp | Good>();
  for (const app of sorted(placed.apps)) {
    const files = typeof snapshot === 'function' ? snapshot(app) : snapshot;
    const compiled = { ...options, before: pathsBefore(before.get(app.name)) };
    results.set(app.name, await compileOne(app, placed.site, files, compiled));
  }
  const lost = losersOf(placed.broken, results, before);
  return {
    desired: desiredSite(placed, results, lost),
    held: new Map(
      [...results].flatMap(([name, result]) =>
        'problems' in result || lost.has(name) ? [] : [[name, heldBy(result)]],
      ),
    ),
  };
}

/** The apps in the order in which they are compiled. */
export const sorted = (apps: readonly PlacedApp[]): PlacedApp[] => apps.toSorted((a, b) => (a.name < b.name ? -1 : 1));

/** The results of a site's apps, by the name of the placed app, sorted. */
export type Results = ReadonlyMap<string, BrokenApp | Good>;

/** Apps that compile and are broken all the same, with their problems: they are too large beside the others, or claim a thing of another app. */
export function losersOf(
  broken: readonly BrokenApp[],
  results: Results,
  before: SiteBefore = new Map(),
): ReadonlyMap<string, Problem[]> {
  const share = new SiteShare();
  const lost = new Map<string, Problem[]>();
  for (const [name, result] of results) {
    if ('problems' in result) continue;
    for (const { name: large, problem } of share.take(name, result.size)) lost.set(large, [problem]);
  }
  const claimsOf = (name: string): Good['claims'] | undefined => {
    const result = results.get(name);
    return result && !('problems' in result) && !lost.has(name) ? result.claims : undefined;
  };
  const contenders = [...broken.map(({ name }) => name), ...results.keys()].map(
    (name): Contender => ({
      name,
      claims: claimsOf(name),
      held: before.get(name)?.claims,
    }),
  );
  for (const [name, problems] of conflictsOf(contenders)) lost.set(name, problems);
  return lost;
}

/** The desired state of a site, from the results of its apps. */
export function desiredSite(
  placed: Omit<PlacedSite, 'apps'>,
  results: Results,
  lost: ReadonlyMap<string, Problem[]>,
): DesiredSite {
  const {
    site,
    revision,
    vanished,
    elsewhere = [],
    leftByFact,
    absent,
    allowEmpty,
    pruneThreshold,
    confirmPrune,
    suspend,
    windows,
  } = placed;
  const all = [...results].map(([name, result]) => lostOr(result, lost.get(name)));
  return {
    site,
    revision,
    apps: all.flatMap((result) => ('problems' in result ? [] : [result.desired])),
    broken: [...placed.broken, ...all.flatMap((result) => ('problems' in result ? [result] : []))],
    elsewhere,
    leftByFact,
    absent,
    vanished,
    allowEmpty,
    pruneThreshold,
    confirmPrune,
    suspend,
    windows,
  };
}

const lostOr = (result: BrokenApp | Good, problems: Problem[] | undefined): BrokenApp | Good =>
  problems && !('problems' in result) ? { name: result.desired.name, problems, adopt: result.desired.adopt } : result;

const heldBy = ({ claims, desired: { outside = [] } }: Good): AppBefore => ({
  claims: claims.map(heldOf),
  readings: outside.map(({ path, from }) => ({ path, from })),
});

/** An app that compiles: its desired state, what it claims of the site, and its size. */
export type Good = Pick<Compiled, 'desired' | 'claims' | 'size'>;

/** Compiles one app of a site, or gives its problems. Throws SourceError. */
export type CompileOne = (
  app: PlacedApp,
  site: string,
  snapshot: Snapshot,
  options: CompileOptions,
) => Promise<BrokenApp | Good>;

const pathsBefore = (app: AppBefore | undefined): PathsBefore | undefined =>
  app && {
    readings: new Map(app.readings.map(({ path, from }) => [path, from])),
    beside: new Set(app.claims.flatMap((claim) => (claim.kind === 'beside' ? [claim.name] : []))),
  };

export const compileOne: CompileOne = async (app, site, snapshot, options) => {
  let name = app.name;
  const onName = (known: string) => {
    name = known;
  };
  const broken = (problems: Problem[]): BrokenApp => ({ name, problems, adopt: isAdopting(app, options) || undefined });
  try {
    const { desired, claims, size } = await compileWhole(app, site, snapshot, { ...options, onName });
    return { desired, claims, size };
  } catch (error) {
    if (error instanceof InputError) return broken(error.problems.map((problem) => ({ ...problem, app: name })));
    if (error instanceof HoldfastError) throw error;
    return broken([defectProblem(error, name)]);
  }
};
