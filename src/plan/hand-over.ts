import type { PortBinding } from '../model/spec.ts';
import type { ActualContainer } from '../model/state.ts';
import type { AppContext } from './context.ts';
import type { NewOperation } from './draft.ts';
import { temporaryName } from './names.ts';
import { refOf } from './steps.ts';

/** What of the app holds a name or a host port that something else is to have lets go of it first. */
export function orderHandOvers(context: AppContext): void {
  for (const rename of context.renames) handOverName(context, rename);
  for (const starting of context.starts) {
    for (const holder of context.actual.containers)
      if (holder.identity.service !== starting.beside) handOverPorts(context, starting, holder);
  }
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
 * fails on the way, the port is not left to nobody.
 */
function handOverPorts(context: AppContext, starting: AppContext['starts'][number], holder: ActualContainer): void {
  const { draft, stops } = context;
  const { handle, wanted, ready } = starting;
  const stopped = stops.get(holder.id);
  const { after } = draft.get(handle);
  if (stopped === undefined || after.includes(stopped)) return;
  if (!sharePort(holder.spec.PortBindings, wanted.spec.PortBindings)) return;
  const predecessors = after.filter((id) => draft.get(id).kind === 'stopContainer');
  const freed = draft.order(stopped, handle) ? stopped : letGoEarly(context, starting, holder, stopped);
  for (const made of ready) draft.order(made, freed);
  for (const predecessor of predecessors) draft.order(freed, predecessor);
}

/**
 * The holder's own successor waits for the one that is to have its port. So it is stopped before that is made, but not before its image is there.
 */
function letGoEarly(
  { draft }: AppContext,
  { handle, wanted }: AppContext['starts'][number],
  holder: ActualContainer,
  stopped: number,
): number {
  const { id, ...stop } = draft.get(stopped);
  const pulls = draft.behind(stopped).filter(({ kind }) => kind === 'pullImage');
  const reason = `lets go of a port that ${wanted.name} is to have`;
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
    reason: `keeps its port, since ${wanted.name} did not start`,
    after: [early],
    onlyIfFailed: handle,
  });
  return early;
}

const sharePort = (left: PortBinding[] = [], right: PortBinding[] = []): boolean =>
  left.some((one) => right.some((other) => protocol(one) === protocol(other) && overlap(one.HostPort, other.HostPort)));

const protocol = ({ Container }: PortBinding): string => Container.split('/')[1] ?? 'tcp';

/** Ports and ranges of them; "" is one that the engine chooses and nobody else can want. */
function overlap(left: string, right: string): boolean {
  if (left === '' || right === '') return false;
  const [[from = 0, to = from], [first = 0, last = first]] = [left, right].map((text) =>
    text.split('-').map(Number),
  ) as [number[], number[]];
  return from <= last && first <= to;
}
