import type { CompiledSite, CompileSite } from '../compose/compile-fleet.ts';
import { type KnownSite, knownApps } from '../fleet/facts/known-site.ts';
import { type OpenFleet, openFleet, type PlacedFiles } from '../fleet/open-fleet.ts';
import type { SiteDocuments } from '../fleet/sites.ts';
import { InputError } from '../lib/errors.ts';
import type { Pin } from '../model/fleet.ts';
import type { Snapshot } from '../model/snapshot.ts';
import type { DesiredApp } from '../model/state.ts';
import type { SiteSide } from './fleet-impact.ts';

/** Thrown by `pinned` for a revision that is not here. */
export class UnknownPin extends Error {}

export interface SideOptions {
  compile: CompileSite;
  /** Gives the files of a pin: the same snapshot for the same commit. Throws UnknownPin. */
  pinned(pin: Pin): Promise<Snapshot>;
  /** Site documents that were read already, of either side. */
  documents: SiteDocuments;
  /** Refuses keys that the oldest agent of the fleet does not know. For the new side: the sites run the old one already. */
  holdVersions: boolean;
}

/** One side of a change: the sites of a revision. */
export interface Side {
  names: string[];
  has(site: string): boolean;
  /** The labels of a site; undefined where its document cannot be read. */
  labels(site: string): Promise<Record<string, string> | undefined>;
  /** `known`: what is known of the site beside Git. */
  read(site: string, known?: KnownSite): Promise<SiteSide>;
}

/** The apps that compile. */
export const desiredApps = ({ results }: CompiledSite): DesiredApp[] =>
  [...results.values()].flatMap((result) => ('desired' in result ? [result.desired] : []));

/** Opens one side of a change. Throws InputError where the revision holds neither a fleet nor a Compose file. */
export async function openSide(
  snapshot: Snapshot,
  { compile, pinned, documents, holdVersions }: SideOptions,
): Promise<Side> {
  const fleet: OpenFleet = await openFleet(snapshot, documents);
  const place = async (site: string, known: KnownSite | undefined): Promise<PlacedFiles | SiteSide> => {
    try {
      return await fleet.place(site, { pinned, holdVersions, facts: known && (async () => known.facts) });
    } catch (error) {
      if (error instanceof InputError) return { kind: 'broken', problems: error.problems };
      if (error instanceof UnknownPin) return { kind: 'unknown', why: error.message };
      throw error;
    }
  };
  const names = await fleet.names();
  const known = new Set(names);
  return {
    names,
    has: (site) => known.has(site),
    labels: (site) => fleet.labels(site),
    async read(site, known) {
      const placed = await place(site, known);
      if ('kind' in placed) return placed;
      const compiled = await compile(placed.placed, placed.files);
      const seen = known && (await knownApps(known, desiredApps(compiled)));
      return { kind: 'compiled', compiled, values: placed.site?.values ?? {}, known: seen };
    },
  };
}
