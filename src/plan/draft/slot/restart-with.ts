import type { ActualContainer } from '../../../model/state.ts';
import type { RestartWith } from '../../decide/decision.ts';
import type { SlotDraft, SlotWork } from '../app-draft.ts';
import { postStart, preStop } from './hooks.ts';

/** Stops a container that stays before the service that it depends on is replaced or restarted, and starts it after that. */
export function restartWith(
  { app, wanted }: SlotWork,
  container: ActualContainer,
  { dependency, isNew, change }: RestartWith,
  drafted: SlotDraft,
): SlotDraft {
  const { draft } = app;
  const others = app.services.get(dependency) ?? [];
  const swaps = others.flatMap(({ swap }) => swap ?? []);
  const begun = others.flatMap(({ started }) => started);
  const reason = `depends on ${dependency}, which ${isNew ? 'gets a new container' : 'is restarted'} (restart: true)`;
  const shared = { container: drafted.ref, ...change };
  const after = preStop(draft, container, wanted.hooks?.preStop, change, {
    reason,
    after: swaps.flatMap(({ ready }) => ready),
  });
  const stopped = draft.add({ kind: 'stopContainer', reason, after, ...shared });
  // One that will not stop keeps no other container from being replaced.
  if (!draft.isHeld(stopped)) for (const old of swaps.flatMap((swap) => swap.stopped)) draft.order(stopped, old);
  const started = draft.add({ kind: 'startContainer', reason, after: [...begun, stopped], ...shared });
  for (const successor of begun) {
    const back = draft.all().filter((each) => each.onlyIfFailed === successor && each.kind === 'startContainer');
    draft.add({
      kind: 'startContainer',
      reason: `runs again, since ${dependency} did not ${isNew ? 'get its new container' : 'come up again'}`,
      after: [stopped, ...back.map(({ id }) => id)],
      onlyIfFailed: successor,
      ...shared,
    });
  }
  const hooks = postStart({ app, wanted, change }, drafted.ref, [started]);
  return { ...drafted, started: [...drafted.started, started, ...hooks.slice(-1)] };
}
