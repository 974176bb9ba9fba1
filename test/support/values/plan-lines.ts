import { emptyMemory, type Memory } from '../../../src/model/memory.ts';
import type { Operation } from '../../../src/model/plan.ts';
import type { ActualSite, DesiredSite } from '../../../src/model/state.ts';
import { agentOptions, type PlanOptions } from '../../../src/plan/facts/policy.ts';
import { plan } from '../../../src/plan/plan.ts';
import { describe } from '../../../src/plan/print/render.ts';

export interface Given {
  git: DesiredSite;
  site: ActualSite;
  memory?: Memory;
  now?: number;
  options?: Partial<PlanOptions>;
}

/**
 * The plan as text, an operation a line: `3 stop shop-web-1: makes way for shop-web-1.new (after 2)`. Temporary names end in `.new`, whatever
 * their hash; apps are told apart by an empty line; problems come first.
 */
export function planLines({ git, site, memory = emptyMemory(), now = 0, options = {} }: Given): string[] {
  const { apps } = plan(git, site, memory, now, { ...agentOptions, ...options });
  const texts = apps.map(({ operations, problems }) => [
    ...problems.map(({ severity, service, message }) => `${severity}: ${service ? `${service}: ` : ''}${message}`),
    ...operations.map(operationLine),
  ]);
  return texts
    .filter((lines) => lines.length > 0)
    .flatMap((lines, index) => (index > 0 ? ['', ...lines] : lines))
    .map((line) => line.replace(/\.[0-9a-f]{8}\b/g, '.new'));
}

function operationLine(operation: Operation): string {
  const { id, after, onlyIfFailed, withheld } = operation;
  const notes = [
    ...(after.length > 0 ? [`after ${after.join(', ')}`] : []),
    ...(onlyIfFailed ? [`only if ${onlyIfFailed} fails`] : []),
    ...(withheld ? [`withheld by ${withheld.by}`] : []),
  ];
  return `${id} ${describe(operation)}: ${operation.reason}${notes.length > 0 ? ` (${notes.join('; ')})` : ''}`;
}
