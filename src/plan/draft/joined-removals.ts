import type { ActualContainer } from '../../model/state.ts';
import type { AppContext } from '../context.ts';

/** Where the engine removes no container that another has joined, that other one goes first; one of another app is waited for. */
export function orderJoinedRemovals(context: AppContext): void {
  const { actual, draft, removals, desired } = context;
  if (actual.engine.can.removesJoined) return;
  for (const [id, removal] of removals) {
    const gone = actual.containers.find((each) => each.id === id);
    if (!gone) continue;
    for (const other of actual.containers.filter((each) => hasJoined(each, gone, actual.containers))) {
      const { app } = other.identity;
      const text = `it waits until ${other.name} of app ${app}, which has joined it, is made anew`;
      if (app !== desired.name) draft.withhold(removal, { by: 'handOver', text });
      else if (removals.has(other.id)) draft.order(removals.get(other.id) as number, removal);
    }
  }
}

/** A container that started after the successor has joined that one. */
function hasJoined(other: ActualContainer, gone: ActualContainer, containers: readonly ActualContainer[]): boolean {
  if (other === gone || !joins(other, gone)) return false;
  const { app, service, number } = gone.identity;
  return !containers.some(
    ({ id, identity, startedAt }) =>
      id !== gone.id &&
      identity.app === app &&
      identity.service === service &&
      identity.number === number &&
      startedAt !== '' &&
      Date.parse(startedAt) <= Date.parse(other.startedAt),
  );
}

function joins({ spec, identity }: ActualContainer, { name, identity: of }: ActualContainer): boolean {
  const modes = [spec.NetworkMode, spec.PidMode, spec.IpcMode];
  return modes.includes(`container:${name}`) || (identity.app === of.app && modes.includes(`service:${of.service}`));
}
