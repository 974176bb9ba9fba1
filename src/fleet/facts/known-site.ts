import type { SiteFacts } from '../../model/fleet.ts';
import type { Parking, Parkings, Requires } from '../../model/requirement.ts';
import type { AskFacts } from '../open-fleet.ts';

/** A site as a file of its facts tells it to a laptop. */
export interface KnownSite {
  facts: SiteFacts;
  look(requires: Requires): Promise<{
    /** Absent: nothing that the app requires is known to be away. */
    parking?: Parking | undefined;
    /** The things that nobody can see, in words: they park nothing. */
    unseen: string[];
  }>;
}

/** Gives what is known of a site; undefined where nothing is. */
export type AskKnown = (site: string) => Promise<KnownSite | undefined>;

/** Their facts alone. */
export const factsBy = (known: AskKnown | undefined): AskFacts | undefined =>
  known && (async (site) => (await known(site))?.facts);

/** The apps of a site, as its facts tell. */
export interface KnownApps {
  parked: Parkings;
  /** By app: the things that it requires and that nobody can see, in words. */
  unseen: ReadonlyMap<string, string[]>;
}

export async function knownApps(
  known: Pick<KnownSite, 'look'>,
  apps: Iterable<{ name: string; requires?: Requires | undefined }>,
): Promise<KnownApps> {
  const parked = new Map<string, Parking>();
  const unseenBy = new Map<string, string[]>();
  for (const { name, requires } of apps) {
    if (!requires) continue;
    const { parking, unseen } = await known.look(requires);
    if (parking) parked.set(name, parking);
    if (unseen.length > 0) unseenBy.set(name, unseen);
  }
  return { parked, unseen: unseenBy };
}
