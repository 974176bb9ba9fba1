import type { Withheld } from '../../../model/plan.ts';
import type { Known } from '../decision.ts';
import { steadinessOf } from '../slot/steady.ts';
import { decideHooks, type HookDecision, LOOK_MS } from './decide-hooks.ts';

/** The hooks that a change has yet to run. SyncFail hooks run only if it fails. */
export interface ChangeHooks {
  preSync: HookDecision[];
  postSync: HookDecision[];
  syncFail: HookDecision[];
}

/** Decides the hooks of an app's change, once its services are decided. */
export function decideChange(known: Known): ChangeHooks {
  const { left } = known.facts.change;
  const preSync = decideHooks(known, left.PreSync, cannotBegin(known));
  const blocked = preSync.find((each) => each.kind === 'blocked');
  return {
    preSync,
    postSync: decideHooks(known, left.PostSync, blocked ? cannotRun(blocked) : notReady(known)),
    syncFail: decideHooks(known, left.SyncFail),
  };
}

/** A change does not begin while a part of it cannot be brought about. */
function cannotBegin({ services }: Known): Withheld | undefined {
  for (const { service, blocked } of services.values())
    if (blocked) return waits(`the change cannot begin: ${service.name}: ${blocked}`);
  return undefined;
}

/** Nothing of the change comes about while a PreSync hook cannot run. */
export const cannotRun = ({ hook, reason }: HookDecision & { kind: 'blocked' }): Withheld =>
  waits(`the ${hook.phase} hook ${hook.service.name} cannot run: ${reason}`);

/** A service that stays as it is and is not ready, or that cannot be brought about. */
function notReady({ facts, services }: Known): Withheld | undefined {
  for (const { service, decisions, blocked } of services.values()) {
    if (blocked) return waits(`${service.name} cannot be brought about: ${blocked}`);
    for (const decision of decisions) {
      if (decision.kind !== 'keep' || decision.with) continue;
      // One that the engine had to restart once and that runs now is ready.
      const { state, text } = steadinessOf({ ...decision.container, restartCount: 0 });
      if (state === 'steady') continue;
      const isSoon = state === 'waiting' || decision.container.status === 'restarting';
      const until = isSoon ? facts.now + LOOK_MS : undefined;
      return { ...waits(`${decision.container.name} ${text}`), until };
    }
  }
  return undefined;
}

const waits = (text: string): Withheld => ({ by: 'syncHook', text });
