import type { ContainerRef } from '../../../model/plan.ts';
import type { DesiredContainer } from '../../../model/state.ts';
import { refOf } from '../../facts/containers.ts';
import { claimantOf, joinedBy } from '../../facts/others/joined.ts';
import type { AppDraft } from '../app-draft.ts';

/** The containers that `service:NAME` and `container:NAME` mean. The engine finds a stranger by its name. */
export function joinsOf({ facts, services }: AppDraft, wanted: DesiredContainer): Record<string, ContainerRef> {
  const { desired, actual, neighbours } = facts;
  return Object.fromEntries(
    joinedBy(desired, wanted, neighbours).flatMap((joined) => {
      const { mode, app, service } = joined;
      if (app === desired) {
        const drafted = services.get(service.name)?.find(({ number }) => number === joined.wanted.number);
        return drafted ? [[mode, drafted.ref]] : [];
      }
      const found = claimantOf(joined, actual.containers);
      return found ? [[mode, refOf(found)]] : [];
    }),
  );
}
