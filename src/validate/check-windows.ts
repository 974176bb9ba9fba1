import type { CompiledSite } from '../compose/compile-fleet.ts';
import type { Position, Problem } from '../lib/errors.ts';
import { entry } from '../lib/maps/map-entry.ts';
import type { SiteWindows, SyncWindow } from '../model/sync-window.ts';
import { windowKeys } from '../windows/equal-windows.ts';
import { nextOpening } from '../windows/opening.ts';
import { LONGEST_WAIT } from '../windows/verdict.ts';
import { levelsOf } from '../windows/windows.ts';

/** A combination of windows that never opens, with the sites that have it. */
export interface NeverOpen {
  problem: Problem;
  sites: string[];
}

/**
 * Finds the windows of Fleet, Site and Application that do not open together within a year of `now`, in milliseconds since 1970. Equal windows are looked
 * at once, whatever the number of sites and apps that have them.
 */
export async function neverOpen(compiled: readonly CompiledSite[], now: number): Promise<NeverOpen[]> {
  const opens = new Map<string, Promise<boolean>>();
  const found = new Map<string, NeverOpen>();
  const keyOf = windowKeys();
  for (const { placed, results } of compiled) {
    const { windows, site } = placed;
    for (const result of results.values()) {
      if ('problems' in result) continue;
      const { name, syncWindows = [] } = result.desired;
      const all = [windows?.fleet ?? [], windows?.site ?? [], syncWindows];
      if (all.every(({ length }) => length === 0)) continue;
      const key = keyOf(windows, syncWindows);
      if (await entry(opens, key, () => doesOpen(windows, syncWindows, now))) continue;
      const never = entry(found, `${name} ${key}`, (): NeverOpen => ({ problem: problemOf(name, all), sites: [] }));
      never.sites.push(site);
    }
  }
  return [...found.values()];
}

async function doesOpen(site: SiteWindows | undefined, app: readonly SyncWindow[], now: number): Promise<boolean> {
  return nextOpening(await levelsOf(site, app), now, now + LONGEST_WAIT) !== undefined;
}

function problemOf(app: string, levels: SyncWindow[][]): Problem {
  const windows = levels.flat();
  const who = windows.length === 1 ? 'its sync window does' : 'its sync windows do';
  const named = windows.map(
    ({ kind, schedule, duration, at }) => `${kind} "${schedule}" for ${duration} (${placeOf(at)})`,
  );
  return {
    app,
    at: windows.at(-1)?.at,
    message: `no change of ${app} would ever be applied: ${who} not open within a year: ${named.join(', ')}`,
    hint: 'an active deny wins, and each of Fleet, Site and Application that has an allow must have one open at the same time',
  };
}

const placeOf = ({ file, line, column }: Position): string => `${file}:${line}:${column}`;
