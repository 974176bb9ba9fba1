import { pinFault } from '../../agent/follow/pin.ts';
import type { PlaceOptions } from '../../fleet/open-fleet.ts';
import { placeSite } from '../../fleet/place-site.ts';
import { InputError } from '../../lib/errors.ts';
import { shortRevision } from '../../lib/text/revision.ts';
import type { Pin, PlacedSite } from '../../model/fleet.ts';
import type { Snapshot } from '../../model/snapshot.ts';
import type { FetchedSnapshot, Named } from '../../source/source.ts';
import { printError } from '../output/terminal.ts';
import type { OpenedSource } from './open-source.ts';

/** Gives the files at the revision that a Site pins, and says on standard error that it does. Throws InputError if they are not available. */
export type OpenPinned = (pin: Pin) => Promise<Snapshot>;

/**
 * Gives the apps of a site, and the files that they are read from: those at the revision that the Site pins, if it pins one. Without `pinned`, pins do not
 * count.
 */
export async function placeAt(
  snapshot: Snapshot,
  site: string | undefined,
  pinned?: OpenPinned,
  options: Pick<PlaceOptions, 'mustBeSomewhere' | 'facts'> = {},
): Promise<{ placed: PlacedSite; files: Snapshot }> {
  let files = snapshot;
  const placed = await placeSite(snapshot, {
    site,
    ...options,
    ...(pinned && {
      pinned: async (pin: Pin) => {
        files = await pinned(pin);
        return files;
      },
    }),
  });
  return { placed, files };
}

/** Opens the files of a pin in a source. `instead`: where all else would be read, in words. */
export async function openPin(
  opened: OpenedSource,
  pin: Pin,
  signal: AbortSignal,
  instead?: string,
): Promise<FetchedSnapshot> {
  const { pinned, commit } = await namedByPin(opened, pin, signal);
  const snapshot = await opened.source.fetch(pinned.commit, signal, true).catch((error: unknown) => {
    throw pinFault(error, pin) ?? error;
  });
  tell(pin, pinned, instead ?? shortRevision(commit));
  return snapshot;
}

/** The followed revision, and what a pin names. Throws InputError where the pin names nothing. */
export async function namedByPin(
  { source, hint }: OpenedSource,
  pin: Pin,
  signal: AbortSignal,
): Promise<Named & { pinned: Named }> {
  const { pinned, ...polled } = await source.poll(signal, pin.revision);
  if (!pinned || 'missing' in pinned) throw unknownPin(pin, pinned?.missing ?? 'it is not there', hint);
  return { ...polled, pinned };
}

function tell({ revision, at }: Pin, { commit, ref }: Named, instead: string): void {
  const name = ref === undefined || ref === revision ? '' : ` (${ref})`;
  printError(`${at.file} pins ${revision}: all else is read at ${shortRevision(commit)}${name}, and not in ${instead}`);
}

export const unknownPin = ({ revision, at }: Pin, why: string, hint?: string): InputError =>
  InputError.at(at, `targetRevision ${revision} cannot be looked up: ${why}`, hint);
