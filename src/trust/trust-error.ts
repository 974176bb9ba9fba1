import { KindError } from '../lib/errors.ts';

/** The reason for a refusal. Stable: the log and `holdfast verify` show it. */
export type RefusalKind =
  | 'malformed' // the object cannot be read in one way only
  | 'unsigned'
  | 'badSignature' // the signature is not over these bytes
  | 'unknownKey' // signed by nobody in trust.yaml
  | 'revoked'
  | 'expired'
  | 'notYetValid'
  | 'wrongPurpose' // the key may sign, but not this kind of thing
  | 'outsidePaths' // the signer may not change what the commit changes
  | 'threshold' // too few signers
  | 'rewritten' // it does not descend from what was accepted
  | 'anchor' // it does not descend from the commit that trust.yaml names
  | 'tag' // the tag is not the one that is followed
  | 'trustChanged' // trust.yaml changed in a way that cannot be taken over
  | 'beacon' // the beacon is not to be believed, or names other commits
  | 'promotion'; // the promotion of a change is not to be believed

/** The site does not trust something from a source. The accepted state stays. */
export class TrustError extends KindError<RefusalKind> {
  readonly code = 'TRUST';
}

/** The refusal may end with time: keys begin and cease to be valid, and a clock can be set right. */
export const isByClock = ({ kind }: TrustError): boolean => kind === 'expired' || kind === 'notYetValid';
