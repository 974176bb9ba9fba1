import type { ActualContainer } from '../../../model/state.ts';
import type { Repairs } from '../../decide/decision.ts';
import { refOf } from '../../facts/containers.ts';
import { hasToBegin } from '../../facts/policy.ts';
import type { AppDraft } from '../app-draft.ts';
import { meet } from '../needs.ts';
import { rejoinsOf } from '../queries.ts';

/** Repairs the container as it is. Returns the operations after which it can be started. */
export function draftRepairs(
  app: AppDraft,
  container: ActualContainer,
  { change, disconnect, connect, update }: Repairs,
): number[] {
  const { draft } = app;
  const service = container.identity.service;
  const shared = { container: refOf(container), ...change };
  // A network that is made again as a whole brings its users back by itself.
  const ready = rejoinsOf(draft, container.id);
  const left = new Map<string, number>();
  for (const { network, reason, needs } of disconnect) {
    const after = meet(app, service, needs);
    left.set(network, draft.add({ kind: 'disconnectNetwork', network, reason, after, ...shared }));
  }
  for (const { network, endpoint, reason, needs, waits } of connect) {
    const after = [...meet(app, service, needs), left.get(network) ?? []].flat();
    const joined = draft.add({ kind: 'connectNetwork', network, endpoint, reason, after, ...shared });
    if (!waits && !(change.withheld && hasToBegin(change.withheld))) ready.push(joined);
  }
  if (update) {
    const { changes, reasons, fields } = update;
    const id = draft.add({
      kind: 'updateContainer',
      changes,
      reason: reasons.join('; '),
      fields,
      after: [],
      ...shared,
    });
    // A wrong limit does not keep a container down: if it cannot be set, the container is started in the next pass without it.
    if (!draft.isHeld(id)) ready.push(id);
  }
  return [...ready, ...[...left.values()].filter((id) => !draft.isHeld(id))];
}
