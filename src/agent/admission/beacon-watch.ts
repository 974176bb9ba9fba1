import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import type { Polled, Source } from '../../source/source.ts';
import { freshness, readBeacon } from '../../trust/beacon.ts';
import { requireSince } from '../../trust/beacon-since.ts';
import { siteTime } from '../../trust/site-time.ts';
import type { Trust } from '../../trust/trust.ts';
import { isByClock, TrustError } from '../../trust/trust-error.ts';
import type { TrustInForce } from './trust-in-force.ts';
import type { TrustRecord } from './trust-record.ts';

/** Milliseconds after which a beacon is read again that the site's clock refused: the clock may have been set right. */
const AGAIN_MS = 3_600_000;

/** Remembers the newest beacon that can be believed. Its number only counts up, unless new keys are in force. */
export interface BeaconWatch {
  /** Takes over the beacon of a poll; tells the log once of one that is not believed. Throws SourceError, StateError. */
  look(polled: Polled, trust: Trust, signal: AbortSignal): Promise<void>;
  /** Tells the log once when the newest beacon is too old, and once when a fresh one came. */
  tellFreshness(trust: Trust): void;
}

export function createBeaconWatch(
  record: TrustRecord,
  inForce: TrustInForce,
  { clock, log, source, revision }: { clock: Clock; log: Log; source: Source; revision: string },
): BeaconWatch {
  let seenAt = clock.monotonic();
  let refused: { key: string; until: number } | undefined;
  let staleBecause: string | undefined;

  /** Throws TrustError for a beacon that is not believed. */
  async function takeOver(oid: string, trust: Trust, signal: AbortSignal): Promise<void> {
    const { beacon: known, beaconsFrom } = record.position();
    const content = await source.object(oid, 'tag', signal);
    const beacon = await readBeacon(oid, content, revision || 'HEAD', trust, siteTime(clock.wall()));
    if (known && beacon.sequence <= known.sequence) {
      throw new TrustError(
        'beacon',
        `the repo shows beacon ${beacon.sequence} where ${known.sequence} was seen before: an old one is shown again`,
      );
    }
    if (beaconsFrom !== undefined && beacon.commit !== record.floor())
      await requireSince(beacon, beaconsFrom, (tip, older) => source.history(tip, older, signal));
    await record.save({ beacon });
    seenAt = clock.monotonic();
  }

  return {
    async look({ beside: oid }, trust, signal) {
      if (oid === undefined || oid === record.position().beacon?.oid) return;
      const key = `${oid} ${inForce.digest(trust)}`;
      const isTold = key === refused?.key;
      if (isTold && clock.monotonic() < (refused?.until ?? 0)) return;
      try {
        await takeOver(oid, trust, signal);
      } catch (error) {
        if (!(error instanceof TrustError)) throw error;
        refused = { key, until: isByClock(error) ? clock.monotonic() + AGAIN_MS : Number.POSITIVE_INFINITY };
        if (!isTold) log.error(`the beacon is not believed: ${error.message}`, { code: error.code, kind: error.kind });
      }
    },

    tellFreshness(trust) {
      const times = { now: siteTime(clock.wall()), seenAt, monotonic: clock.monotonic() };
      const found = freshness(record.position().beacon, trust.beacon, times);
      const why = found.state === 'Stale' ? found.why : undefined;
      if (why !== undefined && staleBecause === undefined)
        log.error(`Stale: ${why}. The site enforces its accepted state meanwhile`, { state: 'Stale' });
      if (why === undefined && staleBecause !== undefined) log.info('a fresh beacon was seen', { state: found.state });
      staleBecause = why;
    },
  };
}
