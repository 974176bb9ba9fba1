import type { CompileOptions } from '../../compose/load/values/values.ts';
import type { SiteFacts } from '../../model/fleet.ts';
import type { Polled } from '../../source/source.ts';
import { readPromotion } from '../../trust/promotion.ts';
import { siteTime } from '../../trust/site-time.ts';
import type { Trust } from '../../trust/trust.ts';
import { TrustError } from '../../trust/trust-error.ts';
import type { AgentOptions } from '../agent-options.ts';
import type { Accepted } from '../state/accepted.ts';
import { createChangesAt } from './changes-at.ts';
import { findHurries } from './hurried.ts';
import type { Sightings } from './sightings.ts';
import type { Opening } from './stage.ts';

/** Reads the promotions that Git has for apps whose change waits. */
export interface Promotions {
  /** Takes over what a poll shows, and tells the log once of one that is not believed. True: one is new. Throws SourceError. */
  look(polled: Polled, apps: readonly string[], signal: AbortSignal): Promise<boolean>;
  /**
   * The openings and holds of just these changes, by app: promotions, and commits with a trailer that skips the steps. A promotion, or a commit, that has the app in
   * another form says nothing.
   */
  about(changes: ReadonlyMap<string, string>, states: Gathering): Promise<Map<string, Opening>>;
}

/** The states between which changes are looked at, and the means to look. */
export interface Gathering {
  next: Accepted;
  current: Accepted;
  compile: CompileOptions;
  signal: AbortSignal;
}

export function createPromotions(
  options: AgentOptions,
  sightings: Sightings,
  trust: () => Promise<Trust | undefined>,
  facts?: () => Promise<SiteFacts>,
): Promotions {
  const { source, clock, log, revision } = options;
  /** Tag objects that were not believed, with the trust.yaml in force then. */
  const refused = new Set<string>();
  const changesAt = createChangesAt(options, facts);

  const takeOver = async (oid: string, app: string, signal: AbortSignal): Promise<boolean> => {
    const known = sightings.newest(app);
    if (known?.oid === oid) return false;
    const inForce = await trust();
    const key = `${oid} ${inForce?.digest ?? ''}`;
    if (refused.has(key)) return false;
    try {
      const content = await source.object(oid, 'tag', signal);
      const found = await readPromotion(oid, content, { revision, app }, inForce, siteTime(clock.wall()));
      if (known && found.sequence <= known.sequence)
        throw new TrustError(
          'promotion',
          `the promotion of ${app} has the number ${found.sequence}, and ${known.sequence} was seen before: an old one is shown again`,
        );
      sightings.promote(found);
      return true;
    } catch (error) {
      if (!(error instanceof TrustError)) throw error;
      refused.add(key);
      log.error(`a promotion is not believed: ${error.message}`, { code: error.code, kind: error.kind, app });
      return false;
    }
  };

  return {
    async look({ below = new Map() }, apps, signal) {
      let isNew = false;
      for (const app of apps) {
        const oid = below.get(app);
        if (oid !== undefined && (await takeOver(oid, app, signal))) isNew = true;
      }
      return isNew;
    },

    async about(changes, { next, current, compile, signal }) {
      const at = next.pin?.commit ?? next.commit;
      const isJust = async (app: string, change: string, commit: string): Promise<boolean> =>
        commit === at || (await changesAt(commit, compile, signal)).get(app) === change;
      const found = new Map<string, Opening>();
      for (const [app, change] of changes) {
        const promotion = sightings.promotion(app);
        if (promotion && (await isJust(app, change, promotion.commit))) found.set(app, promotion);
      }
      if (changes.size === 0 || next.pin) return found;
      for (const { commit, apps } of await findHurries(next.commit, current.commit, source, await trust(), signal)) {
        for (const app of apps) {
          const change = changes.get(app);
          if (change !== undefined && !found.has(app) && (await isJust(app, change, commit))) found.set(app, HURRIED);
        }
      }
      return found;
    },
  };
}

/** The change skips all steps. */
const HURRIED: Opening = { state: 'open', step: Number.POSITIVE_INFINITY, left: Number.POSITIVE_INFINITY };
