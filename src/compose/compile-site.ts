import { defectProblem, HoldfastError, InputError } from '../lib/errors.ts';
import type { PlacedApp, PlacedSite } from '../model/fleet.ts';
import type { Snapshot } from '../model/snapshot.ts';
import type { BrokenApp, DesiredApp, DesiredSite } from '../model/state.ts';
import { isAdopting } from './adoption.ts';
import type { Claim, Held } from './claims.ts';
import { compileWhole } from './compile-app.ts';
import { type Contender, conflictsOf } from './conflicts.ts';
import type { CompileOptions } from './load/values.ts';

/** What an app was accepted with before, by the name it is placed by. */
export type HeldBefore = ReadonlyMap<string, readonly Held[]>;

/**
 * What a site should run, whole. An app that cannot be compiled, or that claims what another app has, is among the broken ones with all its
 * problems, and holds up no other. Throws SourceError where the snapshot cannot be read.
 * Apps may come from snapshots of their own: each from the last one that was good for it.
 */
export async function compileSite(
  placed: PlacedSite,
  snapshot: Snapshot | ((app: PlacedApp) => Snapshot),
  options: CompileOptions,
  before: HeldBefore = new Map(),
): Promise<DesiredSite> {
  return (await compileClaims(placed, snapshot, options, before)).desired;
}

/** The same with what each app of it claims, by the name it is placed by. */
export async function compileClaims(
  placed: PlacedSite,
  snapshot: Snapshot | ((app: PlacedApp) => Snapshot),
  options: CompileOptions,
  before: HeldBefore,
): Promise<{ desired: DesiredSite; claims: Map<string, Claim[]> }> {
  const good = new Map<string, { desired: DesiredApp; claims: Claim[] }>();
  const broken: BrokenApp[] = [...placed.broken];
  const contenders: Contender[] = placed.broken.map(({ name }) => ({
    name,
    claims: undefined,
    held: before.get(name),
  }));
  for (const app of [...placed.apps].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const files = typeof snapshot === 'function' ? snapshot(app) : snapshot;
    const result = await attempt(app, placed.site, files, options);
    const isBroken = 'problems' in result;
    if (isBroken) broken.push({ ...result, ...(isAdopting(app, options) && { adopt: true }) });
    else good.set(app.name, result);
    contenders.push({ name: app.name, claims: isBroken ? undefined : result.claims, held: before.get(app.name) });
  }
  for (const [name, problems] of conflictsOf(contenders)) {
    const app = good.get(name)?.desired;
    if (app) broken.push({ name: app.name, problems, ...(app.adopt && { adopt: true }) });
    good.delete(name);
  }
  const { site, revision, vanished, allowEmpty, pruneThreshold, confirmPrune } = placed;
  const apps = [...good.values()].map(({ desired }) => desired);
  return {
    desired: { site, revision, apps, broken, vanished, allowEmpty, pruneThreshold, confirmPrune },
    claims: new Map([...good].map(([name, { claims }]) => [name, claims])),
  };
}

async function attempt(
  app: PlacedApp,
  site: string,
  snapshot: Snapshot,
  options: CompileOptions,
): Promise<BrokenApp | { desired: DesiredApp; claims: Claim[] }> {
  let name = app.name;
  const onName = (known: string) => {
    name = known;
  };
  try {
    return await compileWhole(app, site, snapshot, options, onName);
  } catch (error) {
    if (error instanceof InputError)
      return { name, problems: error.problems.map((problem) => ({ ...problem, app: name })) };
    if (error instanceof HoldfastError) throw error;
    return { name, problems: [defectProblem(error, name)] };
  }
}
