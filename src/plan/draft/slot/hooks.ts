import { secretsIn } from '../../../lib/text/last-words.ts';
import type { ContainerRef, Reason } from '../../../model/plan.ts';
import type { Hook } from '../../../model/spec.ts';
import type { ActualContainer, DesiredContainer } from '../../../model/state.ts';
import { serviceKey } from '../../../model/subject.ts';
import { type AppFacts, type Attempt, attempt } from '../../facts/app-facts.ts';
import { refOf } from '../../facts/containers.ts';
import { hooksRetry } from '../../facts/goals.ts';
import type { SlotWork } from '../app-draft.ts';
import type { Draft } from '../draft.ts';

/**
 * post_start runs after every start that Holdfast makes, and pre_stop before every stop. A container that the engine restarts by itself has neither,
 * as with docker compose.
 */

/** Drafts the hooks that follow a start, each after the one before. They fail by themselves: the container runs on, and they are tried again. */
export function postStart(
  { app: { facts, draft }, wanted, change }: SlotWork,
  container: ContainerRef,
  after: number[],
  {
    from = 0,
    reason = 'it has been started',
    onlyIfFailed,
  }: { from?: number; reason?: Reason; onlyIfFailed?: number } = {},
): number[] {
  const hooks = wanted.hooks?.postStart ?? [];
  // They belong to a start that was allowed: selfHeal does not hold them back.
  const tried = attempt(facts, { ...change, cause: 'revision', retry: hooksRetry(wanted) });
  let last = after;
  return hooks.slice(from).map((hook, position) => {
    const index = from + position;
    const handle = draft.add({
      kind: 'runHook',
      container,
      phase: 'post_start',
      index,
      last: index === hooks.length - 1,
      hook,
      conceals: concealedOf(hook, wanted.spec.Env, wanted.spec.Files),
      mayFail: false,
      reason,
      after: last,
      ...(onlyIfFailed !== undefined && { onlyIfFailed }),
      ...tried,
      cause: change.cause,
    });
    last = [handle];
    return handle;
  });
}

interface Stop {
  reason: Reason;
  after: number[];
  /** A sick container is stopped whatever its hooks say. */
  mayFail?: boolean;
  /** As of Operation. */
  onlyIfFailed?: number;
}

/** Drafts the hooks before a stop; returns the handles that the stop comes after. Only a container that runs can run them. */
export function preStop(
  draft: Draft,
  container: ActualContainer,
  hooks: Hook[] | undefined,
  change: Attempt,
  { reason, after, mayFail = false, onlyIfFailed }: Stop,
): number[] {
  if (container.status !== 'running' || !hooks?.length) return after;
  let last = after;
  for (const [index, hook] of hooks.entries()) {
    const handle = draft.add({
      kind: 'runHook',
      container: refOf(container),
      phase: 'pre_stop',
      index,
      last: index === hooks.length - 1,
      hook,
      conceals: concealedOf(hook, container.spec.Env, undefined),
      mayFail,
      reason,
      after: last,
      ...(onlyIfFailed !== undefined && { onlyIfFailed }),
      ...change,
    });
    last = [handle];
  }
  return last;
}

/** The hooks to stop a container by: those that Git names for its service, else those that Git named last. */
export function preStopOf({ desired, memory }: AppFacts, { identity }: ActualContainer): Hook[] | undefined {
  const service = desired.services.find(({ name }) => name === identity.service);
  if (!service?.containers.length) return memory.preStop[serviceKey(identity)];
  return service.containers.find(({ hooks }) => hooks)?.hooks?.preStop;
}

/** Values that may be secret. */
const concealedOf = (
  hook: Hook,
  env: Record<string, string | null> | undefined,
  files: DesiredContainer['spec']['Files'],
): string[] =>
  secretsIn([
    ...Object.values(hook.env ?? {}),
    ...Object.values(env ?? {}),
    ...(files ?? []).map(({ content }) => Buffer.from(content).toString('utf8')),
  ]);
