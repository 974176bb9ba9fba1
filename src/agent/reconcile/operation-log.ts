import type { Log } from '../../lib/log.ts';
import type { OperationResult } from '../../model/outcome.ts';
import type { Operation } from '../../model/plan.ts';
import { describe } from '../../plan/print/render.ts';

/** One line for each operation that was done, with its reason, and for each that failed. */
export function logResult(log: Log, app: string, result: OperationResult): void {
  const { operation } = result;
  const fields = { app, ...(operation.service && { service: operation.service }) };
  if (operation.kind === 'await' && operation.conceals) {
    logHook(log, operation, result, fields);
    return;
  }
  if (result.status === 'failed') log.warn(`${describe(operation)} failed: ${result.error.message}`, fields);
  if (result.status !== 'done' || operation.kind === 'await') return;
  log.info(`${describe(operation)}: ${operation.reason}`, fields);
  for (const warning of result.warnings ?? []) log.warn(`${describe(operation)}: ${warning}`, fields);
}

/** A run of a hook has ended. */
function logHook(
  log: Log,
  { syncHook, service }: Operation,
  result: OperationResult,
  fields: Record<string, string>,
): void {
  if (result.status === 'failed') log.error(result.error.message, fields);
  if (result.status !== 'done') return;
  const output = result.output === undefined ? '' : `, last output: ${result.output}`;
  log.info(`the ${syncHook} hook ${service} has completed${output}`, fields);
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
