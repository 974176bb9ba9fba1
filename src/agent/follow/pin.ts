import { isCommitId } from '../../git/refs.ts';
import { InputError, SourceError } from '../../lib/errors.ts';
import { shortRevision } from '../../lib/text/revision.ts';
import type { Pin } from '../../model/fleet.ts';
import type { Snapshot } from '../../model/snapshot.ts';
import type { FetchedSnapshot, Named, Polled, Source } from '../../source/source.ts';
import { TrustError } from '../../trust/trust-error.ts';
import type { AcceptedPin, PinProof } from '../state/accepted.ts';

/** The files at the revision that a Site pins, and what is to be remembered of it. */
export interface PinnedFiles {
  files: Snapshot;
  pin: AcceptedPin;
}

/** What a poll found of the pin; undefined where it names nothing. */
export const namedBy = ({ pinned }: Polled): Named | undefined =>
  pinned && !('missing' in pinned) ? pinned : undefined;

/** What a pin names, as text: the same one, the same answer. */
export const pinKey = (named: Named | undefined, revision: string | undefined): string =>
  [revision, named?.commit, named?.tag].map((part) => part ?? '').join(' ');

/** `v1.2 at 0123456789`. */
export const pinnedText = (revision: string, commit: string | undefined): string =>
  [...new Set([shortRevision(revision), ...(commit === undefined ? [] : [shortRevision(commit)])])].join(' at ');

/** For a log line: what a site was accepted at. */
export const pinText = (pin: AcceptedPin | undefined): string =>
  pin ? `, pinned to ${pinnedText(pin.revision, pin.commit)}` : '';

export interface Pinning {
  /** The pin that the Site was found to have, once it was read. */
  found(): Pin | undefined;
  /** What it names, where it names something. */
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
  /** Throws TrustError for what the site may not read; the proof to remember where there is one. */
  admit: (pin: Pin, named: Named) => Promise<PinProof | undefined>;
  signal: AbortSignal;
}

/** Reads one Site's pin: resolved, judged, and only then fetched. */
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
      return { files: fetched ?? snapshot, pin: { revision: pin.revision, commit, ...(proof && { proof }) } };
    },
    async dispose() {
      await fetched?.dispose();
    },
  };
}

/**
 * What is the pin's own fault, once it was found, and leaves the commit that it stands in accepted: it leads nowhere, to what is not trusted, cannot be
 * used, or is more than a site takes. undefined for what is nobody's, as a link that is down.
 */
export function pinFault(error: unknown, { at, revision }: Pin): TrustError | InputError | undefined {
  if (error instanceof TrustError || error instanceof InputError) return error;
  if (!(error instanceof SourceError) || !['notFound', 'limit', 'path'].includes(error.kind)) return undefined;
  return new InputError([{ at, message: `targetRevision ${revision} cannot be read: ${error.message}` }], {
    cause: error,
  });
}
