import { defectProblem, HoldfastError, InputError, type Problem } from '../lib/errors.ts';
import type { PlacedApp, PlacedSite } from '../model/fleet.ts';
import type { Snapshot } from '../model/snapshot.ts';
import type { BrokenApp, DesiredSite, Reading } from '../model/state.ts';
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
  const good = new Map<string, Good>();
  const broken: BrokenApp[] = [...placed.broken];
  const contenders: Contender[] = placed.broken.map(({ name }) => ({
    name,
    claims: undefined,
    held: before.get(name)?.claims,
  }));
  const share = new SiteShare();
  const breakApp = (name: string, problems: Problem[]): void => {
    const app = good.get(name)?.desired;
    if (app) broken.push({ name: app.name, problems, adopt: app.adopt });
    good.delete(name);
  };
  const apps = [...placed.apps].sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const app of apps) {
    const files = typeof snapshot === 'function' ? snapshot(app) : snapshot;
    const result = await attempt(app, placed.site, files, { ...options, before: pathsBefore(before.get(app.name)) });
    if ('problems' in result) broken.push({ ...result, adopt: isAdopting(app, options) || undefined });
    else {
      good.set(app.name, result);
      for (const { name, problem } of share.take(app.name, result.size)) breakApp(name, [problem]);
    }
  }
  for (const { name } of apps)
    contenders.push({ name, claims: good.get(name)?.claims, held: before.get(name)?.claims });
  for (const [name, problems] of conflictsOf(contenders)) breakApp(name, problems);
  const { site, revision, vanished, elsewhere = [], allowEmpty, pruneThreshold, confirmPrune } = placed;
  return {
    desired: {
      site,
      revision,
      apps: [...good.values()].map(({ desired }) => desired),
      broken,
      elsewhere,
      vanished,
      allowEmpty,
      pruneThreshold,
      confirmPrune,
    },
    held: new Map(
      [...good].map(
        ([
          name,
          {
            claims,
            desired: { outside = [] },
          },
        ]) => [name, { claims: claims.map(heldOf), readings: outside.map(({ path, from }) => ({ path, from })) }],
      ),
    ),
  };
}

type Good = Pick<Compiled, 'desired' | 'claims' | 'size'>;

const pathsBefore = (app: AppBefore | undefined): PathsBefore | undefined =>
  app && {
    readings: new Map(app.readings.map(({ path, from }) => [path, from])),
    beside: new Set(app.claims.flatMap((claim) => (claim.kind === 'beside' ? [claim.name] : []))),
  };

async function attempt(
  app: PlacedApp,
  site: string,
  snapshot: Snapshot,
  options: CompileOptions,
): Promise<BrokenApp | Good> {
  let name = app.name;
  const onName = (known: string) => {
    name = known;
  };
  try {
    const { desired, claims, size } = await compileWhole(app, site, snapshot, { ...options, onName });
    return { desired, claims, size };
  } catch (error) {
    if (error instanceof InputError)
      return { name, problems: error.problems.map((problem) => ({ ...problem, app: name })) };
    if (error instanceof HoldfastError) throw error;
    return { name, problems: [defectProblem(error, name)] };
  }
}
