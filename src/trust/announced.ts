import { namesSameKeys, type Trust } from './trust.ts';
import { TrustError } from './trust-error.ts';

/** The trust.yaml that an accepted commit holds, beside what is in force once it is accepted. */
export interface Held {
  /** As the commit holds it; why it cannot be used, where it cannot. */
  found: Trust | Error;
  inForce: Trust;
  /** Whether what is in force came from Git, and not from the site's own file. */
  isFromGit: boolean;
}

/** Why sites that are away could not follow a commit's trust.yaml: nobody announced it. undefined where they can. */
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

/** Whether Git holds other keys under the version that is in force by the site's own file. */
export const differsFromOwn = ({ found, inForce }: Held): boolean =>
  !(found instanceof Error) && found.version === inForce.version && !namesSameKeys(found, inForce);
