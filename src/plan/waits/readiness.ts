import { own } from '../../lib/maps/own.ts';
import type { Memory } from '../../model/memory.ts';
import type { AppPlan, Operation, Withheld } from '../../model/plan.ts';
import type { ActualContainer, ActualSite, DesiredApp, DesiredService } from '../../model/state.ts';
import { slotKey } from '../../model/subject.ts';
import { waitVerdict } from '../decide/slot/wait-verdict.ts';
import { heldThemselves } from '../draft/withhold.ts';
import { claimantsOf, isCompleted, isUp, refOf, slotsIn } from '../facts/containers.ts';
import { goalOf } from '../facts/goals.ts';
import { parkedText } from '../facts/policy.ts';

/**
 * Why apps that depend on an app wait for it. `change`: Git asks for something that is not done; `down`: a part of it is not up, or sick; `absent`: nothing of
 * it was ever started here. `isSoon`: it comes up, and not every engine tells when it has.
 */
export interface Unready {
  kind: 'change' | 'down' | 'absent';
  text: string;
  isSoon?: true;
}

/**
 * The reason for apps that depend on an app to wait; undefined: its changes are done, and it runs. Changes that a policy, a window or a missing device holds
 * back do not count, as they may be held for ever: then the app counts as it runs now. `plan` is that of an app that waits for no other one.
 */
export function unreadyApp(
  app: DesiredApp,
  plan: AppPlan,
  actual: ActualSite,
  memory: Memory,
  parking: { reason: string } | undefined,
): Unready | undefined {
  const problem = app.forbidden ? undefined : plan.problems.find(({ severity }) => severity === 'error');
  if (problem) return { kind: 'change', text: problem.message };
  const change = unfinished(plan.operations);
  if (change) return change;

  const [forbidden] = app.forbidden?.problems ?? [];
  const held = parking ? parkedText(app.name, parking) : (forbidden?.message ?? policyOn(plan.operations));
  const slots = slotsIn(app);
  let isThere = slots.length === 0;
  for (const { id, service, wanted } of slots) {
    const claimants = claimantsOf(actual.containers, id);
    const found = claimants.find(isUp) ?? claimants[0];
    if (found) {
      const unready = unreadyContainer(found, isJob(app, service, found), held);
      if (unready) return unready;
    }
    isThere ||= found !== undefined || own(memory.completed, slotKey(id)) === goalOf(wanted);
  }
  return isThere ? undefined : neverRan(held);
}

/**
 * It is there to end: Git says so by `restart: "no"`, by `failedJob`, or by a service of the app that waits for it to complete. A health check makes sense
 * only where something stays.
 */
const isJob = (
  app: DesiredApp,
  { name, leavesFailed, containers }: DesiredService,
  { health }: ActualContainer,
): boolean =>
  app.services.some(({ dependsOn }) =>
    dependsOn.some(({ service, condition }) => service === name && condition === 'completed'),
  ) ||
  leavesFailed === true ||
  (health === 'none' && containers.some(({ spec }) => spec.RestartPolicy?.Name === 'no'));

/** The same of an app whose containers alone are known: it is broken, or has yet to come here. `why`: the reason in words, if there is one. */
export function unreadyByContainers(name: string, { containers }: ActualSite, why?: string): Unready | undefined {
  const found = containers.filter(({ identity, syncHook }) => identity.app === name && !syncHook);
  if (found.length === 0) return neverRan(why);
  return found.map((each) => unreadyContainer(each, false, why)).find((each) => each !== undefined);
}

const neverRan = (why: string | undefined): Unready => ({
  kind: 'absent',
  text: because('nothing of it runs here', why),
});

const because = (text: string, why: string | undefined): string => (why ? `${text}, and ${why}` : text);

/** As Compose's `depends_on`: a container with a health check is healthy, a job has completed, any other one runs. */
function unreadyContainer(container: ActualContainer, mustEnd: boolean, held: string | undefined): Unready | undefined {
  const { status, health } = container;
  if (isCompleted(container, container)) return undefined;
  if (!mustEnd && status === 'running' && health === 'none') return undefined;
  const verdict = waitVerdict({ condition: mustEnd ? 'completed' : 'healthy', container: refOf(container) }, container);
  if (verdict.status === 'done') return undefined;
  const text = verdict.status === 'waiting' ? verdict.reason : verdict.error.message;
  return { kind: 'down', text: because(text, held), ...(health === 'starting' && { isSoon: true }) };
}

/** The first policy that holds a container back, in words. A backoff ends by itself, and its words change all the time; nothing runs less for what is not pruned. */
const policyOn = (operations: readonly Operation[]): string | undefined =>
  heldThemselves(operations).find(({ cause, withheld }) => withheld?.by !== 'backoff' && cause !== 'prune')?.withheld
    ?.text;

/** A change of Git that has not come to its end, hooks included. Pulls that fail keep nothing from running. */
export function unfinished(operations: readonly Operation[]): Unready | undefined {
  const changes = operations.filter(
    ({ cause, kind, onlyIfFailed, syncHook }) =>
      (cause === 'revision' || cause === 'prune') &&
      onlyIfFailed === undefined &&
      (kind !== 'await' || syncHook) &&
      syncHook !== 'SyncFail',
  );
  if (changes.some(({ withheld }) => !withheld || GOES_ON.has(withheld.by)))
    return { kind: 'change', text: 'its change is not done yet' };
  const hasFailed = changes.some(({ withheld, kind }) => withheld?.by === 'backoff' && kind !== 'pullImage');
  return hasFailed ? { kind: 'change', text: 'its change has failed, and is tried again' } : undefined;
}

/** A change that waits for this is on its way. */
const GOES_ON: ReadonlySet<Withheld['by']> = new Set(['updateConfig', 'handOver', 'syncHook']);
