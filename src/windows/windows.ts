import { entry } from '../lib/maps/map-entry.ts';
import type { SiteWindows, SyncWindow } from '../model/sync-window.ts';
import { windowLength } from './duration.ts';
import { parseSchedule, type Schedule } from './schedule.ts';
import { zoneOf } from './zone.ts';

/** A window that can be asked. */
export interface Window {
  window: SyncWindow;
  zone: string;
  schedule: Schedule;
  /** Milliseconds. */
  length: number;
}

/** The windows of an app: those of the Fleet, of the Site and of the Application. Each level that has an allow must have one open. */
export type Levels = readonly (readonly Window[])[];

/** The windows of an app on a site, as Git writes them. They were checked (`windowProblems`). Empty levels are left out. */
export async function levelsOf(site: SiteWindows | undefined, app: readonly SyncWindow[] = []): Promise<Levels> {
  const levels = [site?.fleet ?? [], site?.site ?? [], app].filter(({ length }) => length > 0);
  return Promise.all(levels.map((level) => Promise.all(level.map((each) => windowOf(each, site?.timeZone ?? 'UTC')))));
}

/** Sites and apps share schedules. */
const schedules = new Map<string, Promise<Schedule>>();
const MOST_KEPT = 200;

function scheduleOf(text: string, zone: string): Promise<Schedule> {
  const key = `${zone} ${text}`;
  if (schedules.size >= MOST_KEPT) schedules.clear();
  return entry(schedules, key, () => parseSchedule(text, zoneOf(zone)));
}

async function windowOf(window: SyncWindow, siteZone: string): Promise<Window> {
  const zone = window.timeZone ?? siteZone;
  const schedule = await scheduleOf(window.schedule, zone);
  return { window, zone, schedule, length: windowLength(window.duration) ?? 0 };
}

/** The start of the occurrence that is open at an instant; undefined: it is closed then. Where two are open, that of the later one. */
export const openSince = ({ schedule, length }: Window, at: number): number | undefined =>
  schedule.startsIn(at - length, at).at(-1);

/** `allow "0 2 * * *" for 2h (Europe/Lisbon)` */
export const describeWindow = ({ window: { kind, schedule, duration }, zone }: Window): string =>
  `${kind} "${schedule}" for ${duration} (${zone})`;
