import type { Operation } from '../../../model/plan.ts';
import type { ActualContainer, DesiredContainer } from '../../../model/state.ts';
import type { AppFacts } from '../../facts/app-facts.ts';
import { isUp, refOf } from '../../facts/containers.ts';
import { fateOf, fateOfName } from '../../facts/neighbours.ts';
import { reasonToKeep, waitsFor, wishOf } from '../../facts/others/holders.ts';
import { type SharedThing, sharedThings } from '../../facts/others/shared-things.ts';
import { temporaryName } from '../../facts/temporary-names.ts';
import type { AppDraft, SlotDraft } from '../app-draft.ts';
import type { Draft, NewOperation } from '../draft.ts';
import { removalOf, stopOf } from '../queries.ts';
import { handOverAddresses, leavesOf } from './hand-over-addresses.ts';

/** A container that is started. `predecessors`: the stops of those whose slot it takes over. */
type Starting = SlotDraft & { start: NonNullable<SlotDraft['start']>; predecessors: number[] };
type Renaming = SlotDraft & { rename: number };

/**
 * If a container holds something that another one needs (a name, a host port, an address, a device, data), its release is ordered first. A container
 * of another app lets go by that app's own plan, and is waited for.
 */
export function orderHandOvers(app: AppDraft): void {
  const slots = [...app.services.values()].flat();
  const renaming = slots.filter((slot): slot is Renaming => slot.rename !== undefined);
  for (const slot of renaming) handOverName(app, slot, renaming);
  // Looked up before anything is ordered: from then on a start also comes after the stops of containers in other slots.
  const starting = slots.flatMap(({ start, ...slot }): Starting[] =>
    start && !waitsItsTurn(app.draft, start.handle)
      ? [{ ...slot, start, predecessors: stopsBefore(app.draft, start.handle) }]
      : [],
  );
  for (const slot of starting) {
    for (const holder of app.facts.actual.containers)
      if (!holder.syncHook && holder.identity.service !== slot.start.beside) handOver(app, slot, holder);
  }
  handOverAddresses(app);
}

/** Nothing lets go for a replica that update_config holds back: it may wait for the very replica that needs the thing now. */
const waitsItsTurn = (draft: Draft, handle: number): boolean => draft.get(handle).withheld?.by === 'updateConfig';

const stopsBefore = (draft: Draft, handle: number): number[] =>
  draft.get(handle).after.filter((id) => draft.get(id).kind === 'stopContainer');

function handOverName(app: AppDraft, { rename: handle, ref, wanted }: Renaming, renaming: readonly Renaming[]): void {
  const { draft, facts } = app;
  const holder = facts.actual.containers.find(({ id, name }) => name === wanted.name && ref.id !== id);
  if (!holder) return;
  if (holder.identity.app !== facts.desired.name) {
    if (!fateOfName(facts.neighbours, holder).letsGo) return;
    if (ref.id !== undefined && isNameWantedElsewhere(facts, ref.name)) stepAside(app, handle, wanted, ref.name);
    draft.withhold(handle, waitsFor(facts, holder, `the name ${wanted.name}`));
    return;
  }
  const removed = removalOf(draft, holder.id);
  if (removed !== undefined) {
    draft.order(removed, handle);
    return;
  }
  const own = renaming.find((other) => other.ref.id === holder.id);
  if (!own || draft.order(own.rename, handle)) return;
  const aside = stepAside(app, own.rename, own.wanted, wanted.name);
  if (aside !== undefined) draft.order(aside, handle);
}

/** Where containers swap names in a circle, one of them steps aside under its temporary name. */
function stepAside({ draft }: AppDraft, handle: number, wanted: DesiredContainer, lost: string): number | undefined {
  const { id, ...rename } = draft.get(handle);
  if (rename.kind !== 'renameContainer') return undefined;
  const aside = draft.add({ ...rename, name: temporaryName(wanted), reason: `lets go of ${lost}`, after: [] });
  draft.order(aside, id);
  return aside;
}

const isNameWantedElsewhere = ({ neighbours, desired }: AppFacts, name: string): boolean =>
  neighbours.apps.some(
    (app) =>
      app !== desired && app.services.some(({ containers }) => containers.some((wanted) => wanted.name === name)),
  );

/**
 * The holder stops before the new one starts, but not before the new one is made, and its predecessor keeps running until then: so the port
 * is in use until then, even if a step fails. A container that only gives up an address leaves the network and runs on.
 */
function handOver(app: AppDraft, starting: Starting, holder: ActualContainer): void {
  const { draft, facts } = app;
  const { wanted, predecessors } = starting;
  const { handle, ready } = starting.start;
  const stopped = stopOf(draft, holder.id);
  const { after } = draft.get(handle);
  if (!isUp(holder) || (stopped !== undefined && after.includes(stopped))) return;
  const things = sharedThings(holder.spec, wanted.spec).filter((thing) => {
    const fate = fateOf(facts.neighbours, holder, thing);
    return fate.letsGo && !reasonToKeep(facts, holder, fate);
  });
  if (things.length === 0) return;
  const freed = holder.identity.app === facts.desired.name ? freeing(app, starting, holder, things) : [];
  for (const free of freed) {
    for (const made of ready) draft.order(made, free);
    for (const predecessor of predecessors) draft.order(free, predecessor);
  }
  const needed = things.find(({ risk }) => risk !== 'shared');
  if (freed.length > 0 || !needed) return;
  if (holder.identity.app !== facts.desired.name) letGoForOthers(app, predecessors, ready);
  draft.withhold(handle, waitsFor(facts, holder, needed.text));
}

/** Where apps swap something, each would wait for the other. So the old container is stopped although its successor has to wait. */
function letGoForOthers({ draft, facts }: AppDraft, predecessors: number[], ready: number[]): void {
  for (const stopped of predecessors) {
    const { container } = draft.get(stopped) as Operation & { kind: 'stopContainer' };
    const found = facts.actual.containers.find(({ id }) => id === container.id);
    const wish = found && wishOf(facts, found);
    if (found && wish) stopEarly(draft, found, stopped, `lets go of ${wish.text}, which app ${wish.app} needs`, ready);
  }
}

/** The operations after which the holder has let go of all these things, ordered before the start. */
function freeing({ draft }: AppDraft, starting: Starting, holder: ActualContainer, things: SharedThing[]): number[] {
  const { handle } = starting.start;
  const left = leavesOf(draft, holder, things);
  if (left?.every((leave) => draft.order(leave, handle))) return left;
  const stopped = stopOf(draft, holder.id);
  if (stopped === undefined) return [];
  return [draft.order(stopped, handle) ? stopped : letGoEarly(draft, starting, holder, stopped, things)];
}

/**
 * The holder's own successor waits for the container that needs the thing. So the holder is stopped before its successor is made, but not before the
 * image of that is there.
 */
function letGoEarly(
  draft: Draft,
  { start: { handle }, wanted }: Starting,
  holder: ActualContainer,
  stopped: number,
  things: SharedThing[],
): number {
  const what = things.map(({ text }) => text).join(' and ');
  const pulls = draft.behind(stopped).filter(({ kind }) => kind === 'pullImage');
  const reason = `lets go of ${what}, which ${wanted.name} needs`;
  const early = stopEarly(
    draft,
    holder,
    stopped,
    reason,
    pulls.map((pull) => pull.id),
  );
  draft.order(early, handle);
  const { id, ...stop } = draft.get(stopped);
  draft.add({
    ...stop,
    kind: 'startContainer',
    container: refOf(holder),
    reason: `runs again, since ${wanted.name} did not start`,
    after: [early],
    onlyIfFailed: handle,
  });
  return early;
}

/** Stops a container before its time. The hooks before the later stop find that it has been stopped, and do nothing. */
function stopEarly(draft: Draft, holder: ActualContainer, stopped: number, reason: string, ready: number[]): number {
  const { id, ...stop } = draft.get(stopped);
  let after = ready;
  for (const hook of draft.behind(stopped).sort((a, b) => a.id - b.id)) {
    if (hook.kind !== 'runHook' || hook.phase !== 'pre_stop' || hook.container.id !== holder.id) continue;
    const { id: _, ...copy } = hook;
    after = [draft.add({ ...copy, reason, after })];
  }
  const early = draft.add({ ...stop, reason, after } as NewOperation);
  draft.order(early, id);
  return early;
}
