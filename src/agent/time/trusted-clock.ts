import type { Clock } from '../../lib/clock.ts';
import { messageOf } from '../../lib/errors.ts';
import type { Log } from '../../lib/log.ts';
import type { Beacon } from '../../trust/beacon.ts';
import type { TimeStore, TrustedTime } from './time-store.ts';

/** The evidence for the time that the world around an agent gives. */
export interface TimeEvidence {
  /** Calls back with the `Date` of each verified HTTPS answer of the repo or a registry, in milliseconds since 1970. */
  onDate?: (listener: (date: number) => void) => void;
  /** The file exists by which the host says that its clock is right. */
  isSynced?: () => Promise<boolean>;
  /** The run of the machine's kernel. Its uptime counts on while no agent runs. Absent: trust ends with the agent. */
  boot?: { id: string; uptime(): number } | undefined;
}

/**
 * Tells the time, and if it can be trusted. It can while the machine's clock is within ten minutes of the `Date` of a verified HTTPS answer, or lies
 * between date and expiry of the newest beacon; from there on for 30 days, by monotonic time, whatever becomes of the clock; and while the host says that
 * its clock is right.
 */
export interface TrustedClock {
  /** `doubt`: why the time cannot be trusted, in words that stay the same. Keeps a trusted time on the disk, now and then. */
  read(): Promise<{ wall: number; doubt?: string | undefined }>;
  /** Asks again if the host says that its clock is right. */
  refresh(): Promise<void>;
  /** The time as of now, without that; undefined: it cannot be trusted. */
  wall(): number | undefined;
}

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
/** The machine's clock and the evidence may differ by this much. */
const NEAR = 10 * MINUTE;
/** The longest time that one piece of evidence lasts. */
const CARRIED = 30 * DAY;
/** The newest time on the disk is at most so old: an idle agent hardly ever writes. */
const KEPT = 7 * DAY;

const UNKNOWN =
  'the time is not known: no HTTPS answer of the repo or a registry, no beacon and no --time-synced-file says that the clock is right';
const CONTRADICTED = 'the clock is not within 10 minutes of what the server of the repo says';
const WENT_BACK = 'the clock is behind a time that was trusted before';

interface Options {
  clock: Clock;
  log: Log;
  store: TimeStore;
  evidence: TimeEvidence;
  /** As loaded from the store. */
  stored: TrustedTime | undefined;
  beacon: () => Beacon | undefined;
}

export function createTrustedClock({ clock, log, store, evidence, stored, beacon }: Options): TrustedClock {
  const { boot } = evidence;
  const ticks = (): number => boot?.uptime() ?? clock.monotonic();
  const isSameRun = boot !== undefined && stored?.boot?.id === boot.id && stored.boot.uptime <= ticks();
  /** The newest evidence: the time, and the ticks at that moment. */
  let anchor: { wall: number; ticks: number; basis: TrustedTime['basis'] } | undefined =
    stored?.boot && isSameRun && stored.basis !== 'file'
      ? { wall: stored.wall, ticks: stored.boot.uptime, basis: stored.basis }
      : undefined;
  let isContradicted = false;
  let isSynced = false;

  /** The time by the newest evidence, as long as that lasts. */
  function carried(): number | undefined {
    if (!anchor) return undefined;
    const passed = ticks() - anchor.ticks;
    return passed <= CARRIED ? anchor.wall + passed : undefined;
  }

  evidence.onDate?.((date) => {
    const near = [clock.wall().getTime(), carried()].find((time) => time !== undefined && isNear(time, date));
    isContradicted = near === undefined;
    anchor = near === undefined ? undefined : { wall: near, ticks: ticks(), basis: 'https' };
  });

  async function keep(wall: number, basis: TrustedTime['basis']): Promise<void> {
    const isNew = !stored || stored.boot?.id !== boot?.id || Math.abs(wall - stored.wall) > KEPT;
    if (!isNew) return;
    stored = { wall, basis, ...(boot && { boot: { id: boot.id, uptime: ticks() } }) };
    await store.save(stored).catch((error: unknown) => log.debug(`the trusted time is not kept: ${messageOf(error)}`));
  }

  function look(): { wall: number; basis: TrustedTime['basis'] } | { wall: number; doubt: string } {
    const wall = clock.wall().getTime();
    if (isSynced) return { wall, basis: 'file' };
    if (isContradicted) return { wall, doubt: CONTRADICTED };
    const found = beacon();
    const wentBack = stored !== undefined && wall < stored.wall - NEAR;
    const isInBeacon = found !== undefined && !wentBack && wall >= found.issued && wall <= found.expires;
    if (isInBeacon && (anchor?.basis !== 'https' || carried() === undefined))
      anchor = { wall, ticks: ticks(), basis: 'beacon' };
    const time = carried();
    if (time === undefined || !anchor) return { wall, doubt: wentBack ? WENT_BACK : UNKNOWN };
    // A clock that is kept right is better than one that was right once.
    return { wall: isNear(wall, time) ? wall : time, basis: anchor.basis };
  }

  async function refresh(): Promise<void> {
    isSynced = (await evidence.isSynced?.()) ?? false;
  }

  return {
    refresh,
    async read() {
      await refresh();
      const seen = look();
      if ('doubt' in seen) return seen;
      await keep(seen.wall, seen.basis);
      return { wall: seen.wall };
    },
    wall() {
      const seen = look();
      return 'doubt' in seen ? undefined : seen.wall;
    },
  };
}

const isNear = (time: number, other: number): boolean => Math.abs(time - other) <= NEAR;
