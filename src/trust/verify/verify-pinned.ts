import { messageOf, SourceError } from '../../lib/errors.ts';
import { shortRevision } from '../../lib/text/revision.ts';
import { commitGraph, descendantsOf } from '../history/commit-graph.ts';
import { readCommits } from '../history/read-commits.ts';
import type { Trust } from '../trust.ts';
import { TrustError } from '../trust-error.ts';
import type { Candidate, Evidence, ShownCommit } from './verification.ts';
import { verifyCommit } from './verify-commit.ts';

/** The state of a site before it reads a pinned commit. */
export interface PinStanding {
  /** The commit with the pin, which the site accepts. */
  followed: string;
  /** The commit that the same pin named before, if it was signed itself: beside the followed history, too, a pin only goes forward. */
  before: string | undefined;
  trust: Trust;
  /** Milliseconds since 1970; undefined where the site cannot know the time. */
  now: number | undefined;
}

/** `ancestor`: it is in the history of the followed commit, whose signers approve it. `signed`: it is signed itself. */
export type PinVerdict = { proof: 'ancestor' | 'signed' } | { refusal: TrustError };

/**
 * May a site read a commit that its Site pins? Any commit in the followed history, signed or not, since the pin itself is in a signed commit. Any other
 * commit must be signed by itself, or by the tag that names it. Throws SourceError only.
 */
export async function verifyPinned(pinned: Candidate, standing: PinStanding, evidence: Evidence): Promise<PinVerdict> {
  const { commit } = pinned;
  const { followed, before, trust, now } = standing;
  // If it cannot be read, nothing else has to be fetched.
  await evidence.object(commit, 'commit');
  let unproven = '';
  try {
    if (await isInHistory(commit, followed, evidence)) return { proof: 'ancestor' };
  } catch (error) {
    // The history is too long, or cannot be read: only a signature can help.
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

/** A history leads from one commit to another. Throws TrustError for commits that can be read in two ways. */
export async function isDescendant(history: readonly ShownCommit[], tip: string, older: string): Promise<boolean> {
  const commits = await readCommits(history);
  return descendantsOf(commitGraph(commits, tip), new Set([older])).has(tip);
}
