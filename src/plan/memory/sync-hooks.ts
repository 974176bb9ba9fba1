import { own } from '../../lib/maps/own.ts';
import type { AppChanges, Memory } from '../../model/memory.ts';
import type { OperationResult, Outcome } from '../../model/outcome.ts';
import type { Operation } from '../../model/plan.ts';
import type { ActualSite, DesiredApp, DesiredSite } from '../../model/state.ts';
import { serviceKey } from '../../model/subject.ts';
import { changeOf, markOf, marksFor } from '../decide/hooks/app-change.ts';
import { isUp } from '../facts/containers.ts';
import { isChange } from './begun.ts';

/**
 * A change and its hooks. A hook is noted before it runs, so that a crash in the middle lets it run again; and once it has completed, so that it does not
 * when its container is gone.
 */

/** Notes the changes whose hooks these operations begin. It is called before they begin. */
export function noteSyncHooks(memory: Memory, site: DesiredSite, begun: readonly Operation[]): Memory {
  const changes = { ...memory.changes };
  let isNew = false;
  for (const { syncHook, kind, withheld, subject } of begun) {
    if (!syncHook || kind !== 'createContainer' || withheld || subject.kind !== 'slot') continue;
    const app = site.apps.find(({ name }) => name === subject.app);
    const known = own(changes, subject.app);
    if (!app || marksFor(app, known).hooks) continue;
    changes[app.name] = { ...known, hooks: { ...markOf(app), done: [], failed: {} } };
    isNew = true;
  }
  return isNew ? { ...memory, changes } : memory;
}

/** Remembers since when the hooks that run have been seen. Changes of apps that are gone are forgotten. */
export function rememberRuns(
  memory: Memory,
  { apps, broken }: DesiredSite,
  { containers }: ActualSite,
  now: number,
): Pick<Memory, 'changes' | 'hookRuns'> {
  const names = new Set([...apps, ...broken].map(({ name }) => name));
  const changes = Object.fromEntries(Object.entries(memory.changes).filter(([name]) => names.has(name)));
  const hookRuns: Memory['hookRuns'] = {};
  for (const container of containers) {
    const { syncHook, identity, id } = container;
    if (!syncHook || !isUp(container)) continue;
    const key = serviceKey(identity);
    const seen = memory.hookRuns[key];
    hookRuns[key] = seen?.container === id ? seen : { container: id, since: now };
  }
  return { changes, hookRuns };
}

/** Remembers the runs of hooks that have ended and were told, and that a change has begun; `changes` is changed in place. */
export function countHookRuns(changes: Memory['changes'], app: DesiredApp, { results }: Outcome): void {
  const known = own(changes, app.name);
  if (!known) return;
  const { made, hooks } = marksFor(app, known);
  const ended = results.filter(
    ({ operation, status }) =>
      operation.syncHook &&
      operation.kind === 'await' &&
      operation.conceals &&
      (status === 'done' || status === 'failed'),
  );
  // Once a PreSync hook has completed, going back to the change before is a change, too.
  const left =
    !made &&
    results.some(
      ({ operation, status }) =>
        status === 'done' &&
        (isPartOfChange(operation) || (operation.kind === 'await' && operation.syncHook === 'PreSync')),
    );
  if (ended.length === 0 && !left) return;
  changes[app.name] = {
    ...(!left && known.made && { made: known.made }),
    ...(known.hooks && {
      hooks: hooks ? ended.reduce((all, each) => withEnd(all, each, results), hooks) : known.hooks,
    }),
  };
}

function withEnd(
  hooks: NonNullable<AppChanges['hooks']>,
  { operation, status }: OperationResult,
  results: readonly OperationResult[],
): NonNullable<AppChanges['hooks']> {
  const { service: name } = operation;
  if (operation.kind !== 'await' || name === undefined) return hooks;
  const { [name]: _, ...failed } = hooks.failed;
  if (status === 'done') return { ...hooks, done: [...new Set([...hooks.done, name])].sort(), failed };
  const id = operation.container.id ?? createdIn(results, operation.container.createdBy);
  return id === undefined ? hooks : { ...hooks, failed: { ...failed, [name]: id } };
}

const createdIn = (results: readonly OperationResult[], createdBy: number | undefined): string | undefined => {
  const made = results.find(({ operation }) => operation.id === createdBy);
  return made?.status === 'done' ? made.containerId : undefined;
};

/** It changes a container or a network of the app, and prepares nothing. */
const isPartOfChange = (operation: Operation): boolean =>
  isChange(operation) &&
  !operation.syncHook &&
  operation.kind !== 'createNetwork' &&
  operation.kind !== 'createVolume' &&
  operation.kind !== 'writeFile';

/** The services of an app are as Git says. Its change is done once no hook is left. */
export function rememberMade(memory: Memory, app: DesiredApp, actual: ActualSite): Memory {
  const { isOpen, left } = changeOf(app, actual, memory);
  return isOpen && left.PreSync.length + left.PostSync.length > 0 ? memory : withMade(memory, app);
}

/** The memory of an agent that has done the change of an app. Returns the same object when there is nothing new. */
export function withMade(memory: Memory, app: DesiredApp): Memory {
  const known = own(memory.changes, app.name);
  const mark = markOf(app);
  // Without hooks, a commit that does not change the app is not worth a write.
  const isNoted = app.syncHooks
    ? JSON.stringify(known?.made) === JSON.stringify(mark)
    : known?.made?.digest === mark.digest;
  if (isNoted) return memory;
  const hooks = app.syncHooks && known?.hooks;
  return { ...memory, changes: { ...memory.changes, [app.name]: { made: mark, ...(hooks && { hooks }) } } };
}
