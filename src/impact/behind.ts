import type { CompiledSite } from '../compose/compile-fleet.ts';
import type { KnownSite } from '../fleet/facts/known-site.ts';
import { SourceError } from '../lib/errors.ts';
import type { Side } from './read-side.ts';

/** Gives the fleet as it was so many milliseconds before the change; undefined where nothing was committed since then. */
export type Earlier = (ms: number) => Promise<Side | undefined>;

/** Sites that may still run an older version than the old side of a change has: they wait for their step. */
export interface Behind {
  sites: number;
  /** The apps, sorted by name, each with its number of sites. */
  apps: { app: string; sites: number }[];
}

export interface BehindCount {
  /** `from` is what the old side of the change has for the site. */
  add(site: string, from: CompiledSite, known?: KnownSite): Promise<void>;
  /** undefined where no site is behind. */
  total(): Behind | undefined;
}

/** Counts the sites whose step of a rollout has not begun by its time. A step that a promotion opens has no time, and is not counted. */
export function createBehindCount(
  earlier: Earlier,
  differ: (one: CompiledSite, other: CompiledSite, app: string) => boolean,
  only: readonly string[] | undefined,
): BehindCount {
  const apps = new Map<string, number>();
  let sites = 0;

  /** The site as it was; undefined where it was not in Git, or could not be read. */
  const siteOf = async (
    side: Side | undefined,
    site: string,
    known: KnownSite | undefined,
  ): Promise<CompiledSite | undefined> => {
    if (!side?.has(site)) return undefined;
    try {
      const found = await side.read(site, known);
      return found.kind === 'compiled' ? found.compiled : undefined;
    } catch (error) {
      // A clone may lack old files. The change itself is shown all the same.
      if (error instanceof SourceError) return undefined;
      throw error;
    }
  };

  return {
    async add(site, from, known) {
      const waits = [...from.steps].flatMap(([app, { after }]) =>
        typeof after === 'number' && after > 0 && (only?.includes(app) ?? true) ? [{ app, after }] : [],
      );
      const before = new Map<number, CompiledSite | undefined>();
      for (const after of new Set(waits.map((each) => each.after)))
        before.set(after, await siteOf(await earlier(after), site, known));
      const waiting = waits.filter(({ app, after }) => {
        const old = before.get(after);
        return old !== undefined && differ(old, from, app);
      });
      if (waiting.length > 0) sites += 1;
      for (const { app } of waiting) apps.set(app, (apps.get(app) ?? 0) + 1);
    },
    total() {
      if (sites === 0) return undefined;
      const told = [...apps].map(([app, count]) => ({ app, sites: count }));
      return { sites, apps: told.sort((a, b) => (a.app < b.app ? -1 : 1)) };
    },
  };
}
