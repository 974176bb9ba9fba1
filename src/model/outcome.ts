import type { HoldfastError } from '../lib/errors.ts';
import type { Operation } from './plan.ts';

/** What became of one operation. */
export type OperationResult = { operation: Operation } & (
  | { status: 'done'; containerId?: string; warnings?: string[] }
  | { status: 'failed'; error: HoldfastError }
  /** A gate that does not hold yet, or something behind one. */
  | { status: 'waiting'; reason: string }
  /** Something it needs failed, was withheld, or the pass was cancelled. */
  | { status: 'skipped'; reason: string }
  | { status: 'withheld' }
);

/** What became of a plan. */
export interface Outcome {
  app: string;
  results: OperationResult[];
}
