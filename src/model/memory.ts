/**
 * What a site must remember because no engine tells it. On disk, written only when it changed. Times are not stored: after a restart of the
 * agent a backoff begins anew at its step.
 */
export interface Memory {
  /** Containers that ran to their end, by `app/service/number`, to the hash of the spec that did. Pruning one by hand re-runs nothing. */
  completed: Record<string, string>;
  /** Failures in a row, by what fails: `heal app/service/number`, `replace app/service/number HASH`, `pull IMAGE`. */
  backoffs: Record<string, Backoff>;
  /** The revision for which images with pull_policy always were pulled, by `app/service`. */
  pulled: Record<string, string>;
  /** Files of Git written below an app's folder, by app, path to digest; only these may be removed. */
  files: Record<string, Record<string, string>>;
}

export interface Backoff {
  failures: number;
  /** Monotonic milliseconds before which it is not tried again. */
  until: number;
  /** Monotonic milliseconds since which it has been well; absent while it is not. */
  wellSince?: number;
  /** The last error, in words, without secrets. */
  error: string;
}

export const emptyMemory = (): Memory => ({ completed: {}, backoffs: {}, pulled: {}, files: {} });
