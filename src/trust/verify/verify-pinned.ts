import { messageOf, SourceError } from '../../lib/errors.ts';
import { shortRevision } from '../../lib/text/revision.ts';
import { commitGraph, descendantsOf } from '../history/commit-graph.ts';
import { readCommits } from '../history/read-commits.ts';
import type { Trust } from '../trust.ts';
import { TrustError } from '../trust-error.ts';
import type { Candidate, Evidence, ShownCommit } from './verification.ts';
import { verifyCommit } from './verify-commit.ts';

/** Where a site stands that is asked to read a pinned commit. */
export interface PinStanding {
  /** The commit that it accepts, in which the pin is written. */
  followed: string;
  /** What the same pin named before, where that was signed itself: beside the followed history, too, it goes only forward. */
  before: string | undefined;
  trust: Trust;
  /** Milliseconds since 1970; undefined where the site cannot know the time. */
  now: number | undefined;
}

/** `ancestor`: it lies in the history of the followed commit, whose signers stand behind it. `signed`: it is signed itself. */
export type PinVerdict = { proof: 'ancestor' | 'signed' } | { refusal: TrustError };

/**
 * Whether a site may read a commit that its Site pins. In the history of what is followed any commit may be, signed or not, since the pin is itself
 * in a signed commit; any other must be signed as a state of its own, by the commit or by the tag that names it. Throws SourceError alone.
 */
export async function verifyPinned(pinned: Candidate, standing: PinStanding, evidence: Evidence): Promise<PinVerdict> {
  const { commit } = pinned;
  const { followed, before, trust, now } = standing;
  // Where it is not to be had, nothing else needs to be asked for.
  await evidence.object(commit, 'commit');
  let unproven = '';
  try {
    if (await isInHistory(commit, followed, evidence)) return { proof: 'ancestor' };
  } catch (error) {
    // A history that is too long to be shown, or cannot be read: then only a signature can help.
    const isUnproven = error instanceof SourceError ? isOfHistory(error) : error instanceof TrustError;
    if (!isUnproven) throw error;
    if (!(error instanceof SourceError && error.kind === 'notFound')) unproven = ` (${messageOf(error)})`;
  }
  const alone = { floor: before, trust, now, isAlone: true };
  const { refusals } = await verifyCommit({ commit }, alone, evidence);
  const [refusal] = refusals;
  if (!refusal) return { proof: 'signed' };
  if (pinned.tag?.oid !== undefined) {
    const byTag = await verifyCommit(pinned, alone, evidence);
    if (byTag.refusals.length === 0) return { proof: 'signed' };
  }
  const message = `${shortRevision(commit)} is not in the history of ${shortRevision(followed)}${unproven}, and not trusted by itself: ${refusal.message}`;
  return { refusal: new TrustError(refusal.kind, message, { cause: refusal }) };
}

const isOfHistory = ({ kind }: SourceError): boolean => kind === 'notFound' || kind === 'limit';

async function isInHistory(older: string, tip: string, evidence: Evidence): Promise<boolean> {
  if (older === tip) return true;
  return isDescendant(await evidence.history(tip, [older]), tip, older);
}

/** Whether a history that was shown leads from one commit to another. Throws TrustError for commits that cannot be read in one way only. */
export async function isDescendant(history: readonly ShownCommit[], tip: string, older: string): Promise<boolean> {
  const commits = await readCommits(history);
  return descendantsOf(commitGraph(commits, tip), new Set([older])).has(tip);
}
