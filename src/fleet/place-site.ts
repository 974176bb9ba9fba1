import type { PlacedSite } from '../model/fleet.ts';
import type { Snapshot } from '../model/snapshot.ts';
import { openFleet, type PlaceOptions } from './open-fleet.ts';
import { requireSiteName } from './sites.ts';

/**
 * Finds the apps of one site; without a name, of the only one. Reads fleet.yaml, the Site's file, every app.yaml and, for each app of the
 * site, the names in its folder, so the cost does not grow with the number of sites. If the Site pins a revision, everything but the Site's own file is
 * read there. Throws InputError with all problems of the Fleet and the Site; a broken Application is part of the result.
 */
export async function placeSite(
  snapshot: Snapshot,
  { site, ...options }: PlaceOptions & { site?: string | undefined },
): Promise<PlacedSite> {
  if (site !== undefined) requireSiteName(site);
  const fleet = await openFleet(snapshot);
  return (await fleet.place(site ?? (await fleet.only()), options)).placed;
}

/** The names of all sites, sorted; `default` for a repo with only a Compose file. The cost grows with the fleet, so only a laptop calls it. */
export const listSites = async (snapshot: Snapshot): Promise<string[]> => (await openFleet(snapshot)).names();
