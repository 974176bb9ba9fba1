import type { Reason } from '../model/plan.ts';
import type { ActualContainer, DesiredContainer, DesiredService } from '../model/state.ts';
import type { PlaceWork } from './context.ts';
import { needsToStart } from './decide/needs.ts';
import { hasSameHooks } from './draft/slot/hooks.ts';
import { isUp, refOf, start, unpause } from './draft/slot/steps.ts';

/**
 * While a replacement is not possible, or has to wait, the last good container is what is healed to. The replacement, should it come about in
 * the same pass after all, stops it again.
 */
export function healOld(work: PlaceWork, claimants: ActualContainer[]): void {
  const { context, service, wanted } = work;
  const ran = claimants.filter(
    (each) => each.status !== 'created' && each.status !== 'dead' && !isCompleted(each, { ...wanted, spec: each.spec }),
  );
  const old = ran.find(isUp) ?? ran.find(({ name }) => name === wanted.name) ?? ran[0];
  if (!old || ran.some((each) => isUp(each) && each.status !== 'paused')) return;
  const change = {
    subject: work.subject,
    cause: 'drift',
    retry: { purpose: 'previous', goal: old.id, counts: 'attempts' },
  } as const;
  const healing: PlaceWork = {
    context,
    service,
    // What Git wants put into it now is for its successor.
    wanted: withoutHooksOf(wanted, old),
    ...change,
    withheld: context.hold(change),
  };
  const healed =
    old.status === 'paused'
      ? unpause(healing, old)
      : start(healing, refOf(old), stoppedReason(old), needsToStart(context, service));
  if (!context.draft.isHeld(healed)) context.healed.set(old.id, healed);
}

function withoutHooksOf({ hooks, ...wanted }: DesiredContainer, old: ActualContainer): DesiredContainer {
  const kept = hooks && hasSameHooks(old, { ...wanted, hooks }) ? { hooks } : {};
  return { ...wanted, spec: { ...wanted.spec, Files: [] }, ...kept };
}

/** A container whose policy is `no` or `on-failure` and that exited with 0 has done its work. */
export function isCompleted(container: ActualContainer, wanted: Pick<DesiredContainer, 'spec'>): boolean {
  const policy = wanted.spec.RestartPolicy?.Name ?? 'no';
  return (
    container.status === 'exited' &&
    container.exitCode === 0 &&
    !container.oomKilled &&
    (policy === 'no' || policy === 'on-failure')
  );
}

/** A job that ended with an error, and that is to stay so until Git asks for another one. */
export const isLeftFailed = (
  { leavesFailed }: Pick<DesiredService, 'leavesFailed'>,
  { status }: ActualContainer,
  { spec }: Pick<DesiredContainer, 'spec'>,
): boolean =>
  leavesFailed === true && status === 'exited' && ['no', 'on-failure'].includes(spec.RestartPolicy?.Name ?? 'no');

/** Why a container that stands still is started. */
export function stoppedReason(container: ActualContainer): Reason {
  if (container.status === 'created')
    return container.error ? `did not start: ${container.error}` : 'created but never started';
  return { finding: container.oomKilled ? 'ran out of memory' : `exited with ${container.exitCode}` };
}
