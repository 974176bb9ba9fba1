import type { CompiledSite } from '../compose/compile-fleet.ts';
import type { Application, BrokenApplication } from '../fleet/applications.ts';
import { type AskKnown, knownApps } from '../fleet/facts/known-site.ts';
import { below } from '../fleet/values/values.ts';
import type { Problem } from '../lib/errors.ts';
import { entry } from '../lib/maps/map-entry.ts';

/** The sites that are named of those that park an app. */
const MOST_NAMED = 5;

/** The sites of an app, and those that park it by the reason. */
interface Parked {
  sites: number;
  byReason: Map<string, string[]>;
}

/** Warns of apps that sites park, as far as the facts of the sites are known, and first of all of those that no site can run. */
export async function checkRequirements(
  compiled: readonly CompiledSite[],
  applications: readonly (Application | BrokenApplication)[],
  known: AskKnown,
): Promise<Problem[]> {
  const apps = new Map<string, Parked>();
  for (const { placed, results } of compiled) {
    const asking = [...results.values()].flatMap((each) =>
      'desired' in each && each.desired.requires ? [each.desired] : [],
    );
    if (asking.length === 0) continue;
    const site = await known(placed.site);
    const { parked } = site ? await knownApps(site, asking) : { parked: new Map() };
    for (const { name } of asking) {
      const found = entry(apps, name, () => ({ sites: 0, byReason: new Map() }));
      found.sites += 1;
      const reason = parked.get(name)?.reason;
      if (reason !== undefined) entry(found.byReason, reason, () => []).push(placed.site);
    }
  }
  return [...apps].flatMap(([app, found]) => problemsOf(app, found, placeOf(app, applications)));
}

function problemsOf(app: string, { sites: all, byReason }: Parked, at: Problem['at']): Problem[] {
  const parked = [...byReason.values()].reduce((sum, { length }) => sum + length, 0);
  const head = parked < all ? '' : `no site can run ${app}: `;
  return [...byReason].map(([reason, sites]) => {
    const more = sites.length > MOST_NAMED ? ` and ${sites.length - MOST_NAMED} more` : '';
    const named = sites.slice(0, MOST_NAMED).join(', ');
    return { app, at, message: `${head}${app} is parked on ${sites.length} of ${all} (${named}${more}): ${reason}` };
  });
}

/** The place of its requirements. */
function placeOf(app: string, applications: readonly (Application | BrokenApplication)[]): Problem['at'] {
  const found = applications.find(({ name }) => name === app);
  return found && 'root' in found ? below(found.root, 'spec', 'requires')?.at : undefined;
}
