import { InputError, type Problem } from '../lib/errors.ts';
import type { PlacedApp, PlacedSite } from '../model/fleet.ts';
import type { Snapshot } from '../model/snapshot.ts';
import type { BrokenApp, DesiredApp, DesiredSite } from '../model/state.ts';
import { isAdopting } from './adoption.ts';
import { type Claim, ClaimIndex, placeText } from './claims.ts';
import { compileWhole } from './compile-app.ts';
import type { CompileOptions } from './load/values.ts';

/**
 * What a site should run, whole. An app that cannot be compiled, or that claims what another app before it by name has, is among the broken
 * ones with all its problems, and holds up no other. Throws SourceError where the snapshot cannot be read.
 * Apps may come from snapshots of their own: each from the last one that was good for it.
 */
export async function compileSite(
  placed: PlacedSite,
  snapshot: Snapshot | ((app: PlacedApp) => Snapshot),
  options: CompileOptions,
): Promise<DesiredSite> {
  const apps: DesiredApp[] = [];
  const broken: BrokenApp[] = [...placed.broken];
  const taken: { app: string; claims: ClaimIndex }[] = [];
  for (const app of [...placed.apps].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const files = typeof snapshot === 'function' ? snapshot(app) : snapshot;
    const result = await attempt(app, placed.site, files, options);
    if ('problems' in result) {
      broken.push({ ...result, ...(isAdopting(app, options) && { adopt: true }) });
      continue;
    }
    const { desired, claims } = result;
    const problems = conflicts(desired.name, claims, taken);
    if (problems.length > 0) broken.push({ name: desired.name, problems, ...(desired.adopt && { adopt: true }) });
    else {
      apps.push(desired);
      const index = new ClaimIndex();
      for (const claim of claims) index.add(claim);
      taken.push({ app: desired.name, claims: index });
    }
  }
  const { site, revision, vanished, allowEmpty, pruneThreshold, confirmPrune } = placed;
  return { site, revision, apps, broken, vanished, allowEmpty, pruneThreshold, confirmPrune };
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
    if (!(error instanceof InputError)) throw error;
    return { name, problems: error.problems.map((problem) => ({ ...problem, app: name })) };
  }
}

function conflicts(app: string, claims: Claim[], taken: { app: string; claims: ClaimIndex }[]): Problem[] {
  return claims.flatMap((claim) =>
    taken.flatMap((other) => {
      const rival = other.claims.rivalOf(claim);
      if (!rival) return [];
      const message = `${claim.text} is taken by the app ${other.app}, too${placeText(rival.at)}`;
      return [{ message, app, ...(claim.at && { at: claim.at }) }];
    }),
  );
}
