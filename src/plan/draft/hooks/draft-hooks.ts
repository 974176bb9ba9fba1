import type { HookPhase } from '../../../model/app/hook-phase.ts';
import type { ContainerRef } from '../../../model/plan.ts';
import type { ActualContainer, DesiredContainer, SyncHook } from '../../../model/state.ts';
import { slotSubject } from '../../../model/subject.ts';
import { hookRuns } from '../../decide/hooks/app-change.ts';
import { type HookDecision, lateText } from '../../decide/hooks/decide-hooks.ts';
import { type Attempt, attempt } from '../../facts/app-facts.ts';
import { isUp, refOf } from '../../facts/containers.ts';
import type { AppDraft, SlotWork } from '../app-draft.ts';
import { meet } from '../needs.ts';
import { concealedOf } from '../slot/hooks.ts';
import { create, start } from '../slot/steps.ts';

const WHY: Record<HookPhase, string> = {
  PreSync: 'PreSync hook, before the app changes',
  PostSync: 'PostSync hook, once the app is as Git says and ready',
  SyncFail: 'SyncFail hook',
};

const EARLIER = 'an earlier run';

/**
 * Drafts runs of hooks, each after those that it depends on. Returns the waits for their ends. `why` follows the phase of a hook; `after` are operations that
 * come before all of them.
 */
export function draftHooks(app: AppDraft, decisions: readonly HookDecision[], after: number[], why = ''): number[] {
  const ends = new Map<string, number>();
  for (const decision of decisions) {
    const { service } = decision.hook;
    const before = service.dependsOn.flatMap((each) => ends.get(each.service) ?? []);
    const end = draftHook(app, decision, [...after, ...before], why);
    if (end !== undefined) ends.set(service.name, end);
  }
  return [...ends.values()];
}

function draftHook(app: AppDraft, decision: HookDecision, after: number[], why: string): number | undefined {
  const { hook, change } = decision;
  const [wanted] = hook.service.containers;
  if (decision.kind === 'blocked' || !wanted) return undefined;
  const reason = `${WHY[hook.phase]}${why}`;
  const work: SlotWork = { app, wanted, change };
  if (decision.kind === 'follow') {
    const { container, late } = decision;
    const stopped = late === undefined ? [] : [stopRun(app, container, change, late)];
    return awaitEnd(work, refOf(container), reason, stopped);
  }
  const { earlier, name } = decision;
  const needed = [...after, ...meet(app, hook.service.name, decision.needs)];
  const gone = earlier.map((run) => clear(work, hook, run, needed));
  const slot = {
    id: { app: app.facts.desired.name, service: hook.service.name, number: 1 },
    service: hook.service,
    wanted,
  };
  const syncHook = { phase: hook.phase, change: app.facts.change.digest };
  const made = create(work, slot, {
    name,
    spec: wanted.spec,
    inherit: {},
    reason,
    after: [...needed, ...gone],
    syncHook,
  });
  const { started } = start(work, made.ref, reason, made.ready);
  return awaitEnd(work, made.ref, reason, [started]);
}

/** Looks once if a run has ended. Its failure is counted, and the end of its output is told. */
function awaitEnd({ app, wanted, change }: SlotWork, container: ContainerRef, reason: string, after: number[]): number {
  const { withheld: _, ...looking } = change;
  return app.draft.add({
    kind: 'await',
    container,
    condition: 'completed',
    conceals: concealsOf(app, wanted),
    reason,
    after,
    ...looking,
  });
}

const concealsOf = ({ facts: { desired } }: AppDraft, { spec }: DesiredContainer): string[] =>
  concealedOf(undefined, spec.Env, [
    ...(spec.Files ?? []),
    ...desired.files.flatMap(({ content, secret }) => (secret === undefined ? [] : [{ content }])),
  ]);

/** Removes an earlier run. One that runs is stopped before. */
function clear({ app, change }: SlotWork, hook: SyncHook, run: ActualContainer, after: number[]): number {
  const container = refOf(run);
  if (run.status === 'removing')
    return app.draft.add({
      kind: 'await',
      container,
      condition: 'gone',
      reason: 'it is being removed',
      after,
      ...change,
    });
  const why = lateText(app.facts, hook, run) ?? EARLIER;
  const stopped = isUp(run) ? [stopRun(app, run, change, why, after)] : after;
  const force = run.status === 'dead';
  return app.draft.add({
    kind: 'removeContainer',
    container,
    force,
    reason: EARLIER,
    after: stopped,
    ...change,
  });
}

const stopRun = (
  { draft }: AppDraft,
  run: ActualContainer,
  change: Attempt,
  reason: string,
  after: number[] = [],
): number => draft.add({ kind: 'stopContainer', container: refOf(run), reason, after, ...change });

/** Runs that no decision follows: late ones are stopped, and those of an earlier change that have ended go. */
export function tidyRuns(app: AppDraft, decisions: readonly HookDecision[]): void {
  const { facts, draft } = app;
  for (const run of hookRuns(facts.desired, facts.actual)) {
    const hook = facts.desired.syncHooks?.find(({ service }) => service.name === run.identity.service);
    if (!hook || decisions.some((each) => each.hook === hook)) continue;
    const retry = { purpose: 'converge', goal: 'tidy', counts: 'failures' } as const;
    const subject = slotSubject(run.identity);
    const tidying = { service: hook.service.name, subject, cause: 'revision', retry } as const;
    const change = { ...attempt(facts, tidying), syncHook: hook.phase };
    const late = isUp(run) ? lateText(facts, hook, run) : undefined;
    if (late !== undefined) stopRun(app, run, change, late);
    const isEarlier = facts.change.isOpen && run.syncHook?.change !== facts.change.digest;
    if (!isUp(run) && run.status !== 'removing' && isEarlier) {
      const force = run.status === 'dead';
      draft.add({
        kind: 'removeContainer',
        container: refOf(run),
        force,
        reason: 'it ran for an earlier change',
        after: [],
        ...change,
      });
    }
  }
}
