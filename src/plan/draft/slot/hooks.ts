import { secretsIn } from '../../../lib/text/last-words.ts';
import type { ContainerRef, Operation } from '../../../model/plan.ts';
import type { ContainerFile, Hook } from '../../../model/spec.ts';
import type { ActualContainer } from '../../../model/state.ts';
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

/** The start or stop that hooks belong to. */
interface Occasion {
  reason: string;
  /** A sick container is stopped even if its hooks fail. */
  mayFail?: boolean;
  onlyIfFailed?: number;
}

/** Drafts the hooks that follow a start, each after the one before. They fail by themselves: the container runs on, and they are tried again. */
export function postStart(
  { app: { facts, draft }, wanted, change }: SlotWork,
  container: ContainerRef,
  after: number[],
  { from = 0, reason = 'it has been started', onlyIfFailed }: Partial<Occasion> & { from?: number } = {},
): number[] {
  // They belong to a start that was allowed: selfHeal does not hold them back.
  const tried = attempt(facts, { ...change, cause: 'revision', windows: 'never', retry: hooksRetry(wanted) });
  const conceals = (hook: Hook): string[] => concealedOf(hook, wanted.spec.Env, wanted.spec.Files);
  const shared = { ...tried, cause: change.cause, container, reason, mayFail: false, phase: 'post_start' } as const;
  return inTurn(draft, wanted.hooks?.postStart ?? [], from, after, conceals, { ...shared, onlyIfFailed });
}

/** Drafts the hooks that a start of an earlier pass has not had, from the one at `from`. */
export const restOfPostStart = (work: SlotWork, container: ContainerRef, after: number[], from: number): number[] =>
  postStart(work, container, after, { from, reason: 'it was started and has yet to have it' });

/** Drafts the hooks before a stop; returns the handles that the stop comes after. Only a container that runs can run them. */
export function preStop(
  draft: Draft,
  container: ActualContainer,
  hooks: Hook[] | undefined,
  change: Attempt,
  { reason, after, mayFail = false, onlyIfFailed }: Occasion & { after: number[] },
): number[] {
  if (container.status !== 'running' || !hooks?.length) return after;
  const conceals = (hook: Hook): string[] => concealedOf(hook, container.spec.Env, undefined);
  const shared = { ...change, container: refOf(container), reason, mayFail, phase: 'pre_stop' } as const;
  return inTurn(draft, hooks, 0, after, conceals, { ...shared, onlyIfFailed }).slice(-1);
}

type RunHook = Operation & { kind: 'runHook' };

function inTurn(
  draft: Draft,
  hooks: readonly Hook[],
  from: number,
  after: number[],
  conceals: (hook: Hook) => string[],
  shared: Omit<RunHook, 'id' | 'kind' | 'index' | 'last' | 'hook' | 'conceals' | 'after'>,
): number[] {
  const handles: number[] = [];
  for (const [index, hook] of hooks.entries()) {
    if (index < from) continue;
    const hooked = { index, last: index === hooks.length - 1, hook, conceals: conceals(hook) };
    const before = handles.at(-1);
    handles.push(draft.add({ kind: 'runHook', ...shared, ...hooked, after: before === undefined ? after : [before] }));
  }
  return handles;
}

/** The hooks to stop a container by: those that Git names for its service, else those that Git named last. */
export function preStopOf({ desired, memory }: AppFacts, { identity }: ActualContainer): Hook[] | undefined {
  const service = desired.services.find(({ name }) => name === identity.service);
  if (!service?.containers.length) return memory.preStop[serviceKey(identity)];
  return service.containers.find(({ hooks }) => hooks)?.hooks?.preStop;
}

/** Values that may be secret. */
export const concealedOf = (
  hook: Pick<Hook, 'env'> | undefined,
  env: Record<string, string | null> | undefined,
  files: readonly Pick<ContainerFile, 'content'>[] | undefined,
): string[] =>
  secretsIn([
    ...Object.values(hook?.env ?? {}),
    ...Object.values(env ?? {}),
    ...(files ?? []).map(({ content }) => Buffer.from(content).toString('utf8')),
  ]);
