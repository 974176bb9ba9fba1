import { InputError, messageOf } from '../../lib/errors.ts';
import { shortRevision } from '../../lib/text/revision.ts';
import { utf8 } from '../../lib/text/utf8.ts';
import type { FetchedSnapshot, Named, Source } from '../../source/source.ts';
import type { Trust } from '../../trust/trust.ts';
import { TrustError } from '../../trust/trust-error.ts';
import type { Candidate, Evidence } from '../../trust/verify/verification.ts';

/** The trust.yaml that a config repo may hold, at its root: the successor of the site's own file. */
export const TRUST_FILE = 'trust.yaml';

/**
 * Gives the verifier what a source has. `successorOf` reads the text of a trust.yaml that is to follow the current one; its InputError becomes a
 * refusal of the commit.
 */
export function sourceEvidence(
  source: Source,
  signal: AbortSignal,
  successorOf: (text: string, current: Trust) => Promise<Trust>,
): Evidence {
  const reading = async <T>(commit: string, use: (snapshot: FetchedSnapshot) => Promise<T>): Promise<T> => {
    const snapshot = await source.fetch(commit, signal);
    return use(snapshot).finally(() => snapshot.dispose());
  };
  return {
    history: (tip, known) => source.history(tip, known, signal),
    object: (oid, type) => source.object(oid, type, signal),
    folder: (commit, path) => reading(commit, (snapshot) => snapshot.ids(path)),
    trustAt: async (commit, current) => {
      const file = await reading(commit, (snapshot) => snapshot.read(TRUST_FILE));
      if (!file) return undefined;
      try {
        return await successorOf(utf8(file.content, TRUST_FILE), current);
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
        throw new TrustError('trustChanged', `commit ${shortRevision(commit)}: ${messageOf(error)}`, { cause: error });
      }
    },
  };
}

const TAGS = 'refs/tags/';

/** A commit to verify, with the tag by which a poll found it, if it was a tag. */
export const candidateOf = (commit: string, { commit: named, ref, tag }: Named): Candidate =>
  commit === named && ref?.startsWith(TAGS) ? { commit, tag: { name: ref.slice(TAGS.length), oid: tag } } : { commit };
