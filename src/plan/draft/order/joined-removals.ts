import type { ActualContainer } from '../../../model/state.ts';
import { claims } from '../../facts/containers.ts';
import type { AppDraft } from '../app-draft.ts';
import { removalOf } from '../queries.ts';

/** If the engine refuses to remove a container that another one has joined, that other one goes first. One of another app is waited for. */
export function orderJoinedRemovals({ facts, draft }: AppDraft): void {
  const { actual, desired } = facts;
  const { containers } = actual;
  if (actual.engine.can.removesJoined) return;
  for (const gone of containers) {
    const removal = removalOf(draft, gone.id);
    if (removal === undefined) continue;
    for (const other of containers.filter((each) => hasJoined(each, gone, containers))) {
      const { app } = other.identity;
      const first = removalOf(draft, other.id);
      const text = `it waits until ${other.name} of app ${app}, which has joined it, is made again`;
      if (app !== desired.name) draft.withhold(removal, { by: 'handOver', text });
      else if (first !== undefined) draft.order(first, removal);
    }
  }
}

/** A container that started after the successor has joined that one. */
function hasJoined(other: ActualContainer, gone: ActualContainer, containers: readonly ActualContainer[]): boolean {
  if (other === gone || !joins(other, gone)) return false;
  return !containers.some(
    (each) =>
      each !== gone &&
      claims(each, gone.identity) &&
      each.startedAt !== '' &&
      Date.parse(each.startedAt) <= Date.parse(other.startedAt),
  );
}

function joins({ spec, identity }: ActualContainer, { name, identity: of }: ActualContainer): boolean {
  const modes = [spec.NetworkMode, spec.PidMode, spec.IpcMode];
  return modes.includes(`container:${name}`) || (identity.app === of.app && modes.includes(`service:${of.service}`));
}
