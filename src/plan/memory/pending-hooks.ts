import type { Memory } from '../../model/memory.ts';
import type { Operation } from '../../model/plan.ts';
import type { ActualSite, DesiredSite } from '../../model/state.ts';
import { type SlotId, serviceKey, slotKey } from '../../model/subject.ts';
import { claimantsOf, runOf, wantedAt } from '../facts/containers.ts';

/**
 * The starts that still owe their post_start hooks are in the memory, written before the start, so that no crash loses them: they run at least
 * once.
 */

/** Notes the slots with hooks that these operations start. It is called before they begin. */
export function notePendingHooks(
  memory: Memory,
  site: DesiredSite,
  begun: readonly Operation[],
  actual: ActualSite,
): Memory {
  const pendingHooks = { ...memory.pendingHooks };
  for (const operation of begun) {
    const { subject } = operation;
    if (operation.kind !== 'startContainer' || operation.withheld || subject.kind !== 'slot') continue;
    if (!hasPostStart(site, subject)) continue;
    const place = slotKey(subject);
    const runs = claimantsOf(actual.containers, subject).map(runOf);
    const known = memory.pendingHooks[place];
    // If this start fails, an earlier run still owes its hooks.
    pendingHooks[place] = { before: known ? runs.filter((run) => known.before.includes(run)) : runs, done: 0 };
  }
  return JSON.stringify(pendingHooks) === JSON.stringify(memory.pendingHooks) ? memory : { ...memory, pendingHooks };
}

export function hasPostStart(site: DesiredSite, slot: SlotId): boolean {
  const app = site.apps.find(({ name }) => name === slot.app);
  return Boolean(wantedAt(app, slot)?.hooks?.postStart.length);
}

/** Counts the hooks that have run; changes `pendingHooks` in place. */
export function countHooks(pendingHooks: Memory['pendingHooks'], operation: Operation): void {
  if (operation.kind !== 'runHook' || operation.phase !== 'post_start' || operation.subject.kind !== 'slot') return;
  const place = slotKey(operation.subject);
  const known = pendingHooks[place];
  if (!known) return;
  if (operation.last) delete pendingHooks[place];
  else pendingHooks[place] = { ...known, done: operation.index + 1 };
}

/** The pre_stop hooks of services that Git names, and of those that still run although Git no longer names them. */
export function rememberPreStop(before: Memory['preStop'], site: DesiredSite, actual: ActualSite): Memory['preStop'] {
  const known: Memory['preStop'] = {};
  const compiled = new Set(
    site.apps.flatMap(({ name, services }) =>
      services.flatMap((each) => (each.containers.length > 0 ? [serviceKey({ app: name, service: each.name })] : [])),
    ),
  );
  const here = new Set(actual.containers.map(({ identity }) => serviceKey(identity)));
  for (const [key, hooks] of Object.entries(before)) if (here.has(key) && !compiled.has(key)) known[key] = hooks;
  return { ...known, ...preStopHooks(site) };
}

/** By `app/service`: the pre_stop hooks that Git names. */
export function preStopHooks(site: DesiredSite): Memory['preStop'] {
  const named: Memory['preStop'] = {};
  for (const { name, services } of site.apps) {
    for (const service of services) {
      const hooks = service.containers.find((each) => each.hooks)?.hooks?.preStop;
      if (hooks?.length) named[serviceKey({ app: name, service: service.name })] = hooks;
    }
  }
  return named;
}
