import { SourceError } from '../lib/errors.ts';
import { shortRevision } from '../lib/text/revision.ts';
import type { Beacon } from './beacon.ts';
import { TrustError } from './trust-error.ts';
import type { Evidence } from './verify/verification.ts';
import { isDescendant } from './verify/verify-pinned.ts';

/**
 * With new keys the numbers of beacons begin again. Only a beacon counts that names the commit with the new keys or a later one, so that an older beacon
 * cannot be shown instead. Throws TrustError, SourceError.
 */
export async function requireSince(
  { sequence, commit }: Beacon,
  since: string,
  history: Evidence['history'],
): Promise<void> {
  if (commit === since) return;
  const isAfter = await history(commit, [since]).then(
    (objects) => isDescendant(objects, commit, since),
    (error: unknown) => {
      if (error instanceof SourceError && error.kind === 'notFound') return false;
      throw error;
    },
  );
  if (isAfter) return;
  throw new TrustError(
    'beacon',
    `beacon ${sequence} names ${shortRevision(commit)}, which does not follow ${shortRevision(since)}, where the trust.yaml in force was announced: sign a new one`,
  );
}
