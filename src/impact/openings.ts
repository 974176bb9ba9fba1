import type { CompiledSite } from '../compose/compile-fleet.ts';
import { entry } from '../lib/maps/map-entry.ts';
import type { SiteStep } from '../model/fleet.ts';
import type { SyncWindow } from '../model/sync-window.ts';
import { windowKeys } from '../windows/equal-windows.ts';
import { nextOpening } from '../windows/opening.ts';
import { LONGEST_WAIT } from '../windows/verdict.ts';
import { type Levels, levelsOf } from '../windows/windows.ts';
import type { GroupOpenings, ImpactGroup, OpeningTime } from './impact.ts';

/** Finds when sync windows let the changes of a fleet begin: equal windows once, whatever the number of sites. */
export interface Openings {
  /** Notes the windows of a site. */
  note(site: string, compiled: CompiledSite): Promise<void>;
  /** The group with the openings of its sites. */
  of(group: ImpactGroup): ImpactGroup;
}

/** The windows of a site's apps. Sites with equal ones share the object. */
interface SiteLevels {
  apps: ReadonlyMap<string, Levels>;
  /** For apps that Git no longer names. */
  others: Levels;
  /** The zone of the site. */
  zone: string;
}

/** `now`: milliseconds since 1970. */
export function createOpenings(now: number): Openings {
  const keyOf = windowKeys();
  const byWindows = new Map<string, Promise<Levels>>();
  const byApps = new Map<string, Promise<SiteLevels>>();
  const bySite = new Map<string, SiteLevels>();
  const levelsFor = ({ placed }: CompiledSite, app: readonly SyncWindow[]): Promise<Levels> =>
    entry(byWindows, keyOf(placed.windows, app), () => levelsOf(placed.windows, app));

  const openings = new WeakMap<Levels, Map<number, number>>();
  /** The first moment from then on at which they are open; Infinity: none within a year. */
  const openingOf = (levels: Levels, from: number): number =>
    entry(
      entry(openings, levels, () => new Map<number, number>()),
      from,
      () => nextOpening(levels, from, from + LONGEST_WAIT) ?? Number.POSITIVE_INFINITY,
    );

  const timesOf = (sites: ReadonlyMap<SiteLevels, number>, app: string, step: SiteStep | undefined): OpeningTime[] => {
    // Nobody knows when a promotion comes.
    const from = now + (typeof step?.after === 'number' ? step.after : 0);
    const found = new Map<string, { at: number; time: OpeningTime }>();
    for (const [{ apps, others, zone }, count] of sites) {
      const at = openingOf(apps.get(app) ?? others, from);
      const opens = at === from ? 'now' : Number.isFinite(at) ? new Date(at).toISOString() : undefined;
      const { time } = entry(found, `${at} ${at === from ? '' : zone}`, () => ({
        at,
        time: { opens, zone, sites: 0 },
      }));
      time.sites += count;
    }
    return [...found.values()].sort((a, b) => a.at - b.at || b.time.sites - a.time.sites).map(({ time }) => time);
  };

  return {
    async note(site, compiled) {
      const { windows } = compiled.placed;
      const apps = [...compiled.results].flatMap(([name, result]) =>
        'desired' in result ? [{ name, windows: result.desired.syncWindows ?? NONE }] : [],
      );
      const { fleet = [], site: own = [] } = windows ?? {};
      if (fleet.length + own.length === 0 && apps.every((each) => each.windows.length === 0)) return;
      const key = JSON.stringify([
        apps.map((each) => [each.name, keyOf(undefined, each.windows)]),
        keyOf(windows, NONE),
      ]);
      const levels = await entry(byApps, key, async (): Promise<SiteLevels> => {
        const found = apps.map(async (each) => [each.name, await levelsFor(compiled, each.windows)] as const);
        const others = await levelsFor(compiled, NONE);
        return { apps: new Map(await Promise.all(found)), others, zone: windows?.timeZone ?? 'UTC' };
      });
      bySite.set(site, levels);
    },
    of(group) {
      if (!('impact' in group.impact)) return group;
      const sites = new Map<SiteLevels, number>();
      for (const site of group.sites) {
        const levels = bySite.get(site);
        if (levels) sites.set(levels, (sites.get(levels) ?? 0) + 1);
      }
      const without = group.sites.length - [...sites.values()].reduce((sum, each) => sum + each, 0);
      if (without === group.sites.length) return group;
      if (without > 0) sites.set(ALWAYS, without);
      const byTimes = new Map<string, GroupOpenings>();
      for (const { app, changes, step } of group.impact.impact.apps) {
        if (changes.every(({ withheld }) => withheld)) continue;
        const times = timesOf(sites, app, step);
        entry(byTimes, JSON.stringify([step?.after === 0 ? undefined : step, times]), () => ({
          apps: [],
          step,
          times,
        })).apps.push(app);
      }
      const told = [...byTimes.values()].filter(({ times }) => times.some(({ opens }) => opens !== 'now'));
      return told.length > 0 ? { ...group, openings: told } : group;
    },
  };
}

const NONE: readonly SyncWindow[] = [];
/** A site without windows. */
const ALWAYS: SiteLevels = { apps: new Map(), others: [], zone: 'UTC' };
