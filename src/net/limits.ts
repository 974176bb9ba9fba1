/** The most that one request to a server may cost. Stored objects have limits of their own (StoreLimits). */
export interface SourceLimits {
  /** The bytes of one answer, as it comes over the wire. Beyond it a request ends with SourceError `limit`. */
  bytes: number;
  /** Milliseconds without a byte. Beyond this and the next it ends with `unreachable`. */
  idle: number;
  /** Milliseconds from a request to its answer's end. */
  total: number;
  redirects: number;
}

/** Far above what a config repo needs. */
export const DEFAULT_LIMITS: SourceLimits = {
  bytes: 256 * 1024 * 1024,
  idle: 60_000,
  total: 3_600_000,
  redirects: 5,
};
