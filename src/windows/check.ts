import { messageOf } from '../lib/errors.ts';
import { entry } from '../lib/maps/map-entry.ts';
import { didYouMean } from '../lib/text/did-you-mean.ts';
import type { SyncWindow } from '../model/sync-window.ts';
import { windowLength } from './duration.ts';
import { parseSchedule, type Schedule } from './schedule.ts';
import { isZone, zoneNames, zoneOf } from './zone.ts';

/** A value of a window that cannot be used. */
export interface WindowProblem {
  field: 'schedule' | 'duration' | 'timeZone';
  message: string;
  hint: string;
}

const SCHEDULE_HINT =
  'five fields: minute, hour, day of the month, month, day of the week; `0 2 * * 1-5` is 02:00 on weekdays';
const DURATION_HINT = 'for example 2h, 90m, 1h30m or 1d';
const MINUTE = 60_000;

type Checked = Pick<SyncWindow, 'schedule' | 'duration' | 'timeZone'>;

/** Thousands of sites share windows. */
const known = new Map<string, Promise<WindowProblem[]>>();
const MOST_KNOWN = 1_000;

/** Checks the values of a window, as far as it can be checked alone. */
export function windowProblems({ schedule, duration, timeZone }: Checked): Promise<WindowProblem[]> {
  const key = JSON.stringify([schedule, duration, timeZone]);
  if (known.size >= MOST_KNOWN) known.clear();
  return entry(known, key, () => problemsOf({ schedule, duration, ...(timeZone !== undefined && { timeZone }) }));
}

async function problemsOf({ schedule, duration, timeZone }: Checked): Promise<WindowProblem[]> {
  const problems: WindowProblem[] = [];
  const zone = timeZone === undefined ? undefined : zoneProblem(timeZone);
  if (zone) problems.push({ field: 'timeZone', ...zone });
  const parsed = await parseSchedule(schedule, zoneOf('UTC')).catch((error: unknown) => messageOf(error));
  if (typeof parsed === 'string')
    problems.push({
      field: 'schedule',
      message: `${JSON.stringify(schedule)} is not a schedule of cron: ${parsed.replace(/^CronPattern: /, '')}`,
      hint: SCHEDULE_HINT,
    });
  const length = windowLength(duration);
  if (length === undefined)
    problems.push({
      field: 'duration',
      message: `${JSON.stringify(duration)} is not a length of time of at least a minute`,
      hint: DURATION_HINT,
    });
  if (typeof parsed !== 'string' && length !== undefined) problems.push(...lengthProblems(schedule, parsed, length));
  return problems;
}

function lengthProblems(text: string, schedule: Schedule, length: number): WindowProblem[] {
  if (!schedule.hasStart())
    return [
      {
        field: 'schedule',
        message: `the schedule ${JSON.stringify(text)} has no start at all`,
        hint: 'there is no such day in the calendar',
      },
    ];
  const period = schedule.period();
  if (period === undefined || length <= period) return [];
  return [
    {
      field: 'duration',
      message: `the window is longer (${lengthText(length)}) than the time between two of its starts (${lengthText(period)})`,
      hint: `at most ${lengthText(period)}, which is a window that never ends`,
    },
  ];
}

/** The problem of a zone's name; undefined: it is known. */
export function zoneProblem(name: string): Pick<WindowProblem, 'message' | 'hint'> | undefined {
  if (isZone(name)) return undefined;
  const near = didYouMean(name, zoneNames());
  return {
    message: `${JSON.stringify(name)} is not a time zone of the IANA database`,
    hint: near === undefined ? 'for example Europe/Lisbon, America/New_York or UTC' : `did you mean \`${near}\`?`,
  };
}

function lengthText(length: number): string {
  const minutes = Math.round(length / MINUTE);
  const [days, hours, rest] = [Math.floor(minutes / 1440), Math.floor(minutes / 60) % 24, minutes % 60];
  return `${days > 0 ? `${days}d` : ''}${hours > 0 ? `${hours}h` : ''}${rest > 0 ? `${rest}m` : ''}`;
}
