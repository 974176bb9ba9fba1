import type { TrustError } from '../../trust/trust-error.ts';
import type { Verification } from '../../trust/verify/verification.ts';

export type AdmissionResult = Admitted | Refused;

/** The site may gather this commit. */
export interface Admitted {
  kind: 'admitted';
  commit: string;
  /** Tells this answer from another one: by other keys, or for another tag. */
  key: string;
  /** Absent where nothing had to be verified. With mode `warn` it may hold refusals. */
  verification?: Verification;
  /** A tag names the commit. */
  byTag?: boolean;
}

export interface Refused {
  kind: 'refused';
  commit: string;
  key: string;
  /** One or more. */
  errors: TrustError[];
  /** Monotonic milliseconds at which the answer may be another one. */
  until?: number;
}
