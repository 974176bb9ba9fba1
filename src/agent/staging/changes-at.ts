import type { CompileOptions } from '../../compose/load/values/values.ts';
import { InputError, SourceError } from '../../lib/errors.ts';
import { entry } from '../../lib/maps/map-entry.ts';
import type { SiteFacts } from '../../model/fleet.ts';
import { changeDigest } from '../../plan/facts/goals.ts';
import type { AgentOptions } from '../agent-options.ts';
import { desiredOf, gather, gatherOptions } from '../follow/gather.ts';

/**
 * The changes of all apps of this site as a commit has them, by app. Its files are read, and nothing of it is accepted. Empty where it cannot be read now, or
 * not by this site. The answer for the last few commits is kept.
 */
export type ChangesAt = (
  commit: string,
  compile: CompileOptions,
  signal: AbortSignal,
) => Promise<ReadonlyMap<string, string>>;

/** Answers that are kept. */
const MOST_KEPT = 16;

export function createChangesAt(options: AgentOptions, facts?: () => Promise<SiteFacts>): ChangesAt {
  const { source } = options;
  const known = new Map<string, Promise<ReadonlyMap<string, string>>>();
  let knownBy = '';

  const read: ChangesAt = async (commit, compile, signal) => {
    const snapshot = await source.fetch(commit, signal, true);
    try {
      const from = {
        ...gatherOptions(options, compile),
        facts,
        pinned: () => Promise.reject(InputError.of('a site with a pin reads the pinned commit alone')),
      };
      const { accepted } = await gather(snapshot, from, undefined);
      const { apps } = await desiredOf(accepted, compile, options.territory);
      return new Map(apps.map((app) => [app.name, changeDigest(app)]));
    } finally {
      await snapshot.dispose();
    }
  };

  return async (commit, compile, signal) => {
    const by = JSON.stringify(compile);
    if (by !== knownBy || known.size >= MOST_KEPT) known.clear();
    knownBy = by;
    try {
      return await entry(known, commit, () => read(commit, compile, signal));
    } catch (error) {
      known.delete(commit);
      if (error instanceof SourceError || error instanceof InputError) return new Map();
      throw error;
    }
  };
}
