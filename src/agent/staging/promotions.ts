import type { CompileOptions } from '../../compose/load/values/values.ts';
import { InputError, SourceError } from '../../lib/errors.ts';
import { changeDigest } from '../../plan/facts/goals.ts';
import type { Polled } from '../../source/source.ts';
import { readPromotion } from '../../trust/promotion.ts';
import { siteTime } from '../../trust/site-time.ts';
import type { Trust } from '../../trust/trust.ts';
import { TrustError } from '../../trust/trust-error.ts';
import { type AgentOptions, refOf } from '../agent-options.ts';
import { desiredOf, gather } from '../follow/gather.ts';
import type { Sightings } from './sightings.ts';
import type { StageFacts } from './stage.ts';

/** Reads the promotions that Git has for apps whose change waits. */
export interface Promotions {
  /** Takes over what a poll shows, and tells the log once of one that is not believed. True: one is new. Throws SourceError. */
  look(polled: Polled, apps: readonly string[], signal: AbortSignal): Promise<boolean>;
  /**
   * The promotions that are about just these changes. `at`: the commit in which the changes were gathered. An app that the promoted commit has in another
   * form is not promoted by it.
   */
  about(
    changes: ReadonlyMap<string, string>,
    at: string,
    compile: CompileOptions,
    signal: AbortSignal,
  ): Promise<StageFacts['promotions']>;
}

export function createPromotions(
  options: AgentOptions,
  sightings: Sightings,
  trust: () => Promise<Trust | undefined>,
): Promotions {
  const { source, clock, log, revision } = options;
  /** Tag objects that were not believed, with the trust.yaml in force then. */
  const refused = new Set<string>();
  const digests = new Map<string, Promise<ReadonlyMap<string, string>>>();

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

  /** The changes of all apps of this site as another commit has them. Its files are read, and nothing of it is accepted. */
  const digestsAt = async (
    commit: string,
    compile: CompileOptions,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, string>> => {
    const snapshot = await source.fetch(commit, signal, true);
    try {
      const from = {
        url: options.repo,
        ref: refOf(options),
        site: options.site,
        compile,
        stacks: () => options.engine.stacks(),
        pinned: () => Promise.reject(InputError.of('a site with a pin is promoted at the pinned commit alone')),
      };
      const { accepted } = await gather(snapshot, from, undefined);
      const { apps } = await desiredOf(accepted, compile, options.territory);
      return new Map(apps.map((app) => [app.name, changeDigest(app)]));
    } finally {
      await snapshot.dispose();
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

    async about(changes, at, compile, signal) {
      const found = new Map<string, NonNullable<ReturnType<Sightings['promotion']>>>();
      for (const [app, change] of changes) {
        const promotion = sightings.promotion(app);
        if (!promotion) continue;
        const { commit } = promotion;
        if (commit === at) found.set(app, promotion);
        else {
          const key = `${commit} ${JSON.stringify(compile)}`;
          const known = digests.get(key) ?? digestsAt(commit, compile, signal);
          digests.set(key, known);
          try {
            if ((await known).get(app) === change) found.set(app, promotion);
          } catch (error) {
            digests.delete(key);
            // The commit cannot be read now, or not by this site: then the promotion says nothing here.
            if (!(error instanceof SourceError || error instanceof InputError)) throw error;
          }
        }
      }
      return found;
    },
  };
}
