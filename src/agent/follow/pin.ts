import { isCommitId } from '../../git/refs.ts';
import { InputError, SourceError } from '../../lib/errors.ts';
import { shortRevision } from '../../lib/text/revision.ts';
import type { Pin } from '../../model/fleet.ts';
import type { Snapshot } from '../../model/snapshot.ts';
import type { FetchedSnapshot, Named, Polled, Source } from '../../source/source.ts';
import { TrustError } from '../../trust/trust-error.ts';
import type { AcceptedPin, PinProof } from '../state/accepted.ts';

/** The files at the revision that a Site pins, and the pin to remember with them. */
export interface PinnedFiles {
  files: Snapshot;
  pin: AcceptedPin;
}

/** The commit that a poll found for the pin; undefined if the pin names none. */
export const namedBy = ({ pinned }: Polled): Named | undefined =>
  pinned && !('missing' in pinned) ? pinned : undefined;

/** A pin and the commit that it names, as text, to compare two polls. */
export const pinKey = (named: Named | undefined, revision: string | undefined): string =>
  [revision, named?.commit, named?.tag].map((part) => part ?? '').join(' ');

/** `v1.2 at 0123456789ab`. */
export const pinnedText = (revision: string, commit: string | undefined): string =>
  [...new Set([shortRevision(revision), ...(commit === undefined ? [] : [shortRevision(commit)])])].join(' at ');

/** The end of a log line about an accepted commit. */
export const pinText = (pin: AcceptedPin | undefined): string =>
  pin ? `, pinned to ${pinnedText(pin.revision, pin.commit)}` : '';

export interface Pinning {
  /** The pin of the Site, once the Site was read. */
  found(): Pin | undefined;
  /** The commit that it names; undefined if it names none. */
  named(): Named | undefined;
  open(pin: Pin): Promise<PinnedFiles>;
  dispose(): Promise<void>;
}

export interface PinningOptions {
  source: Source;
  /** The commit in which the Site was read. */
  snapshot: Snapshot;
  polled: Polled;
  /** The pin that the poll asked for. */
  asked: string | undefined;
  /** Gives the proof to remember, if there is one. Throws TrustError if the site may not read the commit. */
  admit: (pin: Pin, named: Named) => Promise<PinProof | undefined>;
  signal: AbortSignal;
}

/** Reads the pin of one Site: resolves it, admits it, and only then fetches it. */
export function createPinning({ source, snapshot, polled, asked, admit, signal }: PinningOptions): Pinning {
  let found: Pin | undefined;
  let named: Named | undefined;
  let fetched: FetchedSnapshot | undefined;

  const resolve = async ({ revision, at }: Pin): Promise<Named> => {
    if (isCommitId(revision)) return { commit: revision };
    const again = revision === asked ? polled : await source.poll(signal, revision);
    const { pinned } = again;
    const known = namedBy(again);
    if (known) return known;
    throw InputError.at(
      at,
      `targetRevision: ${pinned && 'missing' in pinned ? pinned.missing : `there is no ${revision}`}`,
    );
  };

  return {
    found: () => found,
    named: () => named,
    async open(pin) {
      found = pin;
      named = await resolve(pin);
      const { commit } = named;
      const proof = await admit(pin, named);
      if (commit !== snapshot.revision) fetched = await source.fetch(commit, signal, true);
      const isFixed = isFixedBy(pin.revision, named) || undefined;
      return { files: fetched ?? snapshot, pin: { revision: pin.revision, commit, proof, isFixed } };
    },
    async dispose() {
      await fetched?.dispose();
    },
  };
}

/** True for a commit and a tag; false for a branch, and for a range of versions, which moves from tag to tag. */
const isFixedBy = (revision: string, { ref }: Named): boolean =>
  isCommitId(revision) ||
  (ref?.startsWith('refs/tags/') === true && [ref, ref.slice('refs/tags/'.length)].includes(revision));

/**
 * The error, if the pin is its cause: the pin names nothing, or a commit that is not trusted, cannot be used, or is more than a site takes. The commit
 * that pins it stays accepted. undefined for any other cause, for example a link that is down.
 */
export function pinFault(error: unknown, { at, revision }: Pin): TrustError | InputError | undefined {
  if (error instanceof TrustError || error instanceof InputError) return error;
  if (!(error instanceof SourceError) || !['notFound', 'limit', 'path'].includes(error.kind)) return undefined;
  return new InputError([{ at, message: `targetRevision ${revision} cannot be read: ${error.message}` }], {
    cause: error,
  });
}
