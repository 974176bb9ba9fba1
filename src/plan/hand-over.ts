import type { ActualContainer } from '../model/state.ts';
import type { AppContext } from './context.ts';
import type { NewOperation } from './draft.ts';
import { type SharedThing, sharedThings } from './exclusive.ts';
import { handOverAddresses, leavesOf } from './hand-over-addresses.ts';
import { temporaryName } from './names.ts';
import { refOf } from './steps.ts';

/** A container of the app that has a name, a host port or an address that another one is to have lets go of it first. */
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
  const removed = removals.get(holder.id);
  if (removed !== undefined) {
    draft.order(removed, handle);
    return;
  }
  const own = renames.find((other) => 'id' in other.container && other.container.id === holder.id);
  if (!own || draft.order(own.handle, handle)) return;
  // They swap names in a circle: one of them steps aside, under a name that tells that it is on its way.
  const { id, ...rename } = draft.get(own.handle);
  if (rename.kind !== 'renameContainer') return;
  const name = temporaryName(own.wanted);
  const aside = draft.add({ ...rename, name, reason: `lets go of ${wanted.name}`, after: [] });
  draft.order(aside, handle);
  draft.order(aside, id);
}

/**
 * The holder stops before the new one starts, but not before the new one is made, and its predecessor keeps running until then: whatever
 * fails on the way, the port is not left to nobody. One that only has to give up an address leaves the network for that and runs on.
 */
function handOver(context: AppContext, starting: AppContext['starts'][number], holder: ActualContainer): void {
  const { draft, stops } = context;
  const { handle, wanted, ready } = starting;
  const things = sharedThings(holder.spec, wanted.spec).filter(({ kind }) => kind === 'port' || kind === 'address');
  const stopped = stops.get(holder.id);
  const { after } = draft.get(handle);
  if (things.length === 0 || (stopped !== undefined && after.includes(stopped))) return;
  const predecessors = after.filter((id) => draft.get(id).kind === 'stopContainer');
  for (const freed of freeing(context, starting, holder, things)) {
    for (const made of ready) draft.order(made, freed);
    for (const predecessor of predecessors) draft.order(freed, predecessor);
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
  { draft }: AppContext,
  { handle, wanted }: AppContext['starts'][number],
  holder: ActualContainer,
  stopped: number,
  things: SharedThing[],
): number {
  const { id, ...stop } = draft.get(stopped);
  const what = things.map(({ text }) => text).join(' and ');
  const pulls = draft.behind(stopped).filter(({ kind }) => kind === 'pullImage');
  const reason = `lets go of ${what}, which ${wanted.name} is to have`;
  let after = pulls.map((pull) => pull.id);
  // The hooks before the later stop find that it has been stopped, and do nothing.
  for (const hook of draft.behind(stopped).sort((a, b) => a.id - b.id)) {
    if (hook.kind !== 'runHook' || hook.phase !== 'pre_stop') continue;
    if (!('id' in hook.container) || hook.container.id !== holder.id) continue;
    const { id: _, ...copy } = hook;
    after = [draft.add({ ...copy, reason, after })];
  }
  const early = draft.add({ ...stop, reason, after } as NewOperation);
  draft.order(early, handle);
  draft.order(early, id);
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
