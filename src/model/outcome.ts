import type { HoldfastError } from '../lib/errors.ts';
import type { Operation } from './plan.ts';

/** The result of one operation. */
export type OperationResult = { operation: Operation } & (
  | {
      status: 'done';
      containerId?: string | undefined;
      warnings?: string[] | undefined;
      /** The end of the output of a hook that has ended, without secrets. */
      output?: string | undefined;
    }
  | { status: 'failed'; error: HoldfastError }
  /** A condition does not hold yet, or the operation comes after one that waits. */
  | { status: 'waiting'; reason: string }
  /** An operation that this one needs failed or was withheld, or the pass was cancelled. */
  | { status: 'skipped'; reason: string }
  | { status: 'withheld' }
);

/** The results of an app's plan. */
export interface Outcome {
  app: string;
  results: OperationResult[];
}
