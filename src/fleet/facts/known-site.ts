import type { SiteFacts } from '../../model/fleet.ts';
import type { Parking, Parkings, Requires } from '../../model/requirement.ts';
import type { AskFacts } from '../open-fleet.ts';

/** A site as a file of its facts tells it to a laptop. */
export interface KnownSite {
  facts: SiteFacts;
  look(requires: Requires): Promise<Look>;
}

/** A look for all that an app requires. */
export interface Look {
  /** Absent: nothing is known to be away. */
  parking?: Parking | undefined;
  /** The things that the file does not tell of, in words: they park nothing. */
  unseen: string[];
}

/** Gives what is known of a site; undefined where nothing is. */
export type AskKnown = (site: string) => Promise<KnownSite | undefined>;

/** Their facts alone. */
export const factsBy = (known: AskKnown | undefined): AskFacts | undefined =>
  known && (async (site) => (await known(site))?.facts);

/** The apps of a site, as its facts tell. */
export interface KnownApps {
  parked: Parkings;
  /** Apps that require things of which nobody knows if they are there. */
  unsure: ReadonlySet<string>;
}

export async function knownApps(
  known: KnownSite,
  apps: Iterable<{ name: string; requires?: Requires | undefined }>,
): Promise<KnownApps> {
  const parked = new Map<string, Parking>();
  const unsure = new Set<string>();
  for (const { name, requires } of apps) {
    if (!requires) continue;
    const { parking, unseen } = await known.look(requires);
    if (parking) parked.set(name, parking);
    if (unseen.length > 0) unsure.add(name);
  }
  return { parked, unsure };
}
