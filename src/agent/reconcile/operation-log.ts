import type { Log } from '../../lib/log.ts';
import type { OperationResult } from '../../model/outcome.ts';
import { describe } from '../../plan/print/render.ts';

/** One line for each operation that was done, with its reason, and for each that failed. */
export function logResult(log: Log, app: string, result: OperationResult): void {
  const { operation } = result;
  const fields = { app, ...(operation.service && { service: operation.service }) };
  if (result.status === 'failed') log.warn(`${describe(operation)} failed: ${result.error.message}`, fields);
  if (result.status !== 'done' || operation.kind === 'await') return;
  log.info(`${describe(operation)}: ${operation.reason}`, fields);
  for (const warning of result.warnings ?? []) log.warn(`${describe(operation)}: ${warning}`, fields);
}

/** Logs a trouble once, and once that it is over. An empty text is no trouble. */
export function logOnce(log: Log, over: string): (trouble: string) => void {
  let last = '';
  return (trouble) => {
    if (trouble && trouble !== last) log.error(trouble);
    if (!trouble && last) log.info(over);
    last = trouble;
  };
}
