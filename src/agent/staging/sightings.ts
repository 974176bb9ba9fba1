import type { Clock } from '../../lib/clock.ts';
import type { Disk } from '../../lib/disk.ts';
import type { SiteStep } from '../../model/fleet.ts';
import type { Promotion } from '../../trust/promotion.ts';
import { seal, unseal } from '../state/state-file.ts';

/** The first sight of a change of an app. */
interface Sighting {
  /** The digest of what the app would be; another one is another change. */
  change: string;
  /** The time that agents of this site had run until then, in milliseconds. */
  ran: number;
  /** The wall time in milliseconds; absent where the clock was not trusted then. */
  wall?: number | undefined;
}

interface Stored {
  ran: number;
  /** By app. */
  sightings: Record<string, Sighting>;
  /** The newest promotion of each app that was believed, and the time that agents had run when it came. */
  promotions?: Record<string, Promotion & { ran: number }> | undefined;
}

const VERSION = 1;
/** While a change waits, the time that the agent has run is written at most so often; a crash costs a site at most so much more waiting. */
const WRITE_EACH_MS = 15 * 60_000;

/**
 * Remembers when this site first saw a change, and so when it may begin. Wall time counts where the clock could be trusted both times, else the time
 * that the agent has run: a clock at 1970 or 2099 shortens no wait.
 */
export interface Sightings {
  /** Notes a change; the time of its first sight stays. */
  see(app: string, change: string): void;
  /** Forgets changes of apps that are not among these. */
  keep(apps: readonly string[]): void;
  /** Milliseconds until the change of an app may begin, by its step; 0: now. Infinity: only a promotion opens the step. */
  wait(app: string, step: SiteStep | undefined): number;
  /** Remembers a promotion in the place of that of the same app. */
  promote(promotion: Promotion): void;
  /** The newest promotion of an app that was believed, over or not: an older one is believed no more. */
  newest(app: string): Promotion | undefined;
  /** The newest promotion of an app, unless it is over, and the milliseconds until then. */
  promotion(app: string): (Promotion & { left: number }) | undefined;
  /** Puts on the disk what is new. Throws what the disk throws. */
  save(): Promise<void>;
}

interface SightingsOptions {
  disk: Disk;
  path: string;
  clock: Pick<Clock, 'monotonic'>;
  /** The wall time in milliseconds while the site's clock is trusted. */
  trustedWall: () => number | undefined;
}

/** Reads what is remembered. A damaged file is told in `problem`: all waits begin again. Throws StateError for the file of a newer Holdfast. */
export async function openSightings({
  disk,
  path,
  clock,
  trustedWall,
}: SightingsOptions): Promise<{ sightings: Sightings; problem?: string }> {
  const content = await disk.read(path);
  const text = content && Buffer.from(content).toString('utf8');
  const read = text === undefined ? undefined : parse(unseal(path, text, VERSION));
  const stored: Stored = read ?? { ran: 0, sightings: {} };
  const known = new Map(Object.entries(stored.sightings));
  const promotions = new Map(Object.entries(stored.promotions ?? {}));
  const start = clock.monotonic();
  const ran = (): number => stored.ran + clock.monotonic() - start;
  let written = text ?? '';
  let writtenAt = ran();
  let isNew = false;

  const sightings: Sightings = {
    see(app, change) {
      if (known.get(app)?.change === change) return;
      known.set(app, { change, ran: ran(), wall: trustedWall() });
      isNew = true;
    },
    keep(apps) {
      for (const app of known.keys()) {
        if (apps.includes(app)) continue;
        known.delete(app);
        isNew = true;
      }
    },
    wait(app, step) {
      if (!step || step.after === 0) return 0;
      if (step.after === 'promotion') return Number.POSITIVE_INFINITY;
      const seen = known.get(app);
      if (!seen) return step.after;
      const now = trustedWall();
      const since = seen.wall !== undefined && now !== undefined ? now - seen.wall : ran() - seen.ran;
      return Math.max(0, step.after - Math.max(0, since));
    },
    promote(promotion) {
      promotions.set(promotion.app, { ...promotion, ran: ran() });
      isNew = true;
    },
    newest: (app) => promotions.get(app),
    promotion(app) {
      const found = promotions.get(app);
      if (!found) return undefined;
      const now = trustedWall();
      const left = now === undefined ? found.expires - found.issued - (ran() - found.ran) : found.expires - now;
      return left > 0 ? { ...found, left } : undefined;
    },
    async save() {
      if (!isNew && (known.size === 0 || ran() - writtenAt < WRITE_EACH_MS)) return;
      const now = ran();
      const next = seal(VERSION, {
        ran: now,
        sightings: Object.fromEntries(known),
        promotions: Object.fromEntries(promotions),
      } satisfies Stored);
      if (next !== written) await disk.write(path, next, 0o600);
      written = next;
      writtenAt = now;
      isNew = false;
    },
  };
  return {
    sightings,
    ...(text !== undefined && !read && { problem: `${path} is damaged: changes that wait begin to wait again` }),
  };
}

function parse(value: unknown): Stored | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { ran, sightings, promotions } = value as Partial<Stored>;
  if (typeof ran !== 'number' || typeof sightings !== 'object' || sightings === null) return undefined;
  const isWhole = Object.values(sightings).every(
    ({ change, ran: at, wall }) =>
      typeof change === 'string' && typeof at === 'number' && (wall === undefined || typeof wall === 'number'),
  );
  return isWhole ? { ran, sightings, promotions } : undefined;
}
