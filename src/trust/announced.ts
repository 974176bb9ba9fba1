import { namesSameKeys, type Trust } from './trust.ts';
import { TrustError } from './trust-error.ts';

/** The trust.yaml in a commit, and the one that is in force once the commit is accepted. */
export interface Held {
  /** As the commit has it, or the error that makes it unusable. */
  found: Trust | Error;
  inForce: Trust;
  /** The trust.yaml in force came from Git, and not from the site's own file. */
  isFromGit: boolean;
}

/** The refusal of a trust.yaml that no commit announced: sites that are away could not follow it. undefined if they can. */
export function unannounced({ found, inForce, isFromGit }: Held): TrustError | undefined {
  if (found instanceof Error) return new TrustError('trustChanged', found.message, { cause: found });
  if (found.version > inForce.version) {
    return new TrustError(
      'trustChanged',
      `trust.yaml has version ${found.version}, which no signed commit announces: sites that are away now could not follow. Sign a commit with the trailer "Holdfast-Trust: ${found.version}"`,
    );
  }
  if (found.version === inForce.version && isFromGit && found.digest !== inForce.digest) {
    return new TrustError(
      'trustChanged',
      `trust.yaml changed and its version did not: count it up, and announce it with the trailer "Holdfast-Trust: ${found.version + 1}"`,
    );
  }
  return undefined;
}

/** Git has other keys in a trust.yaml of the same version as the site's own file, which is in force. */
export const differsFromOwn = ({ found, inForce }: Held): boolean =>
  !(found instanceof Error) && found.version === inForce.version && !namesSameKeys(found, inForce);
