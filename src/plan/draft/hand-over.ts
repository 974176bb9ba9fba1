import type { Operation } from '../../model/plan.ts';
import type { ActualContainer, DesiredContainer } from '../../model/state.ts';
import type { AppContext } from '../context.ts';
import { keeper, waitsFor, wishOf } from '../facts/holders.ts';
import { fateOf, fateOfName } from '../facts/neighbours.ts';
import { type SharedThing, sharedThings } from '../facts/shared-things.ts';
import { temporaryName } from '../facts/temporary-names.ts';
import type { NewOperation } from './draft.ts';
import { handOverAddresses, leavesOf } from './hand-over-addresses.ts';
import { isUp, refOf } from './slot/steps.ts';

/**
 * A container that is to let go of something that another one is to have does so first: a name, a host port, an address, a device, or data. One of
 * another app does so by that app's own plan, and is waited for.
 */
export function orderHandOvers(context: AppContext): void {
  for (const rename of context.renames) handOverName(context, rename);
  for (const starting of context.starts) {
    for (const holder of context.actual.containers)
      if (holder.identity.service !== starting.beside) handOver(context, starting, holder);
  }
  handOverAddresses(context);
}

function handOverName(context: AppContext, { handle, container, wanted }: AppContext['renames'][number]): void {
  const { draft, actual, removals, renames } = context;
  const holder = actual.containers.find(
    ({ id, name }) => name === wanted.name && !('id' in container && container.id === id),
  );
  if (!holder) return;
  if (holder.identity.app !== context.desired.name) {
    if (!fateOfName(context.neighbours, holder).letsGo) return;
    if ('id' in container && isNameWantedElsewhere(context, container.name))
      stepAside(context, handle, wanted, container.name);
    draft.withhold(handle, waitsFor(context, holder, `the name ${wanted.name}`));
    return;
  }
  const removed = removals.get(holder.id);
  if (removed !== undefined) {
    draft.order(removed, handle);
    return;
  }
  const own = renames.find((other) => 'id' in other.container && other.container.id === holder.id);
  if (!own || draft.order(own.handle, handle)) return;
  const aside = stepAside(context, own.handle, own.wanted, wanted.name);
  if (aside !== undefined) draft.order(aside, handle);
}

/** Those that swap names in a circle: one of them steps aside, under a name that tells that it is on its way. */
function stepAside({ draft }: AppContext, handle: number, wanted: DesiredContainer, lost: string): number | undefined {
  const { id, ...rename } = draft.get(handle);
  if (rename.kind !== 'renameContainer') return undefined;
  const aside = draft.add({ ...rename, name: temporaryName(wanted), reason: `lets go of ${lost}`, after: [] });
  draft.order(aside, id);
  return aside;
}

const isNameWantedElsewhere = ({ neighbours, desired }: AppContext, name: string): boolean =>
  neighbours.apps.some(
    (app) =>
      app !== desired && app.services.some(({ containers }) => containers.some((wanted) => wanted.name === name)),
  );

/**
 * The holder stops before the new one starts, but not before the new one is made, and its predecessor keeps running until then: whatever
 * fails on the way, the port is not left to nobody. One that only has to give up an address leaves the network for that and runs on.
 */
function handOver(context: AppContext, starting: AppContext['starts'][number], holder: ActualContainer): void {
  const { draft, stops } = context;
  const { handle, wanted, ready } = starting;
  const stopped = stops.get(holder.id);
  const { after } = draft.get(handle);
  if (!isUp(holder) || (stopped !== undefined && after.includes(stopped))) return;
  const things = sharedThings(holder.spec, wanted.spec).filter((thing) => {
    const fate = fateOf(context.neighbours, holder, thing);
    return fate.letsGo && !keeper(context, holder, fate);
  });
  if (things.length === 0) return;
  const predecessors = after.filter((id) => draft.get(id).kind === 'stopContainer');
  const freed = holder.identity.app === context.desired.name ? freeing(context, starting, holder, things) : [];
  for (const free of freed) {
    for (const made of ready) draft.order(made, free);
    for (const predecessor of predecessors) draft.order(free, predecessor);
  }
  const needed = things.find(({ risk }) => risk !== 'shared');
  if (freed.length > 0 || !needed) return;
  if (holder.identity.app !== context.desired.name) letGoForOthers(context, predecessors, ready);
  draft.withhold(handle, waitsFor(context, holder, needed.text));
}

/** Where apps swap something, each would wait for the other: so what is to be replaced is stopped although its successor has to wait. */
function letGoForOthers(context: AppContext, predecessors: number[], ready: number[]): void {
  for (const stopped of predecessors) {
    const { container } = context.draft.get(stopped) as Operation & { kind: 'stopContainer' };
    const found = context.actual.containers.find(({ id }) => 'id' in container && id === container.id);
    const wish = found && wishOf(context, found);
    if (found && wish)
      stopEarly(context, found, stopped, `lets go of ${wish.text}, which app ${wish.app} is to have`, ready);
  }
}

/** The operations after which the holder has none of it any more, before the start. */
function freeing(
  context: AppContext,
  starting: AppContext['starts'][number],
  holder: ActualContainer,
  things: SharedThing[],
): number[] {
  const { draft, stops } = context;
  const left = leavesOf(context, holder, things);
  if (left?.every((leave) => draft.order(leave, starting.handle))) return left;
  const stopped = stops.get(holder.id);
  if (stopped === undefined) return [];
  return [draft.order(stopped, starting.handle) ? stopped : letGoEarly(context, starting, holder, stopped, things)];
}

/**
 * The holder's own successor waits for the one that is to have this. So it is stopped before that is made, but not before its image is there.
 */
function letGoEarly(
  context: AppContext,
  { handle, wanted }: AppContext['starts'][number],
  holder: ActualContainer,
  stopped: number,
  things: SharedThing[],
): number {
  const { draft } = context;
  const what = things.map(({ text }) => text).join(' and ');
  const pulls = draft.behind(stopped).filter(({ kind }) => kind === 'pullImage');
  const reason = `lets go of ${what}, which ${wanted.name} is to have`;
  const early = stopEarly(
    context,
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
function stopEarly(
  { draft }: AppContext,
  holder: ActualContainer,
  stopped: number,
  reason: string,
  ready: number[],
): number {
  const { id, ...stop } = draft.get(stopped);
  let after = ready;
  for (const hook of draft.behind(stopped).sort((a, b) => a.id - b.id)) {
    if (hook.kind !== 'runHook' || hook.phase !== 'pre_stop') continue;
    if (!('id' in hook.container) || hook.container.id !== holder.id) continue;
    const { id: _, ...copy } = hook;
    after = [draft.add({ ...copy, reason, after })];
  }
  const early = draft.add({ ...stop, reason, after } as NewOperation);
  draft.order(early, id);
  return early;
}
