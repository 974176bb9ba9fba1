import { hooksDigest } from '../../../container/labels/hash.ts';
import { secretsIn } from '../../../lib/text/last-words.ts';
import type { Memory } from '../../../model/memory.ts';
import type { Cause, ContainerRef, Operation, Reason, Withheld } from '../../../model/plan.ts';
import type { Hook } from '../../../model/spec.ts';
import type {
  ActualContainer,
  ActualSite,
  DesiredContainer,
  DesiredService,
  DesiredSite,
} from '../../../model/state.ts';
import { type Retry, type SlotId, type Subject, serviceKey, slotKey } from '../../../model/subject.ts';
import type { PlaceWork } from '../../context.ts';
import { type AppContext, held } from '../../context.ts';

/**
 * post_start runs after every start that Holdfast makes, and pre_stop before every stop; what the engine restarts by itself has neither, as with
 * docker compose. Which starts still owe their hooks is in the memory, written before the start, so that no crash loses them: they run at
 * least once.
 */

/** One run of a container: another start is another run. */
const runOf = ({ id, startedAt }: ActualContainer): string => `${id}@${startedAt}`;

/** Drafts the hooks that follow a start, each after the one before. They fail by themselves: the container runs on, and they are tried again. */
export function postStart(
  work: Pick<PlaceWork, 'context' | 'wanted' | 'subject' | 'cause'> & { service: Pick<DesiredService, 'name'> },
  container: ContainerRef,
  after: number[],
  {
    from = 0,
    reason = 'it has been started',
    onlyIfFailed,
  }: { from?: number; reason?: Reason; onlyIfFailed?: number } = {},
): number[] {
  const { context, service, wanted, subject, cause } = work;
  const hooks = wanted.hooks?.postStart ?? [];
  const retry = { purpose: 'hooks', goal: hooksDigest(wanted.hooks), counts: 'failures' } as const;
  const handles: number[] = [];
  for (const [index, hook] of hooks.entries()) {
    if (index < from) continue;
    const before = handles.at(-1);
    handles.push(
      context.draft.add({
        kind: 'runHook',
        container,
        phase: 'post_start',
        index,
        last: index === hooks.length - 1,
        hook,
        conceals: concealedOf(hook, wanted.spec.Env, wanted.spec.Files),
        mayFail: false,
        service: service.name,
        reason,
        after: before === undefined ? after : [before],
        ...(onlyIfFailed !== undefined && { onlyIfFailed }),
        subject,
        cause,
        retry,
        // They belong to a start that was allowed.
        ...held(context.hold({ subject, cause: 'revision', retry })),
      }),
    );
  }
  return handles;
}

/** The hooks that an earlier start of a container still owes. */
export function owedHooks(work: PlaceWork, container: ActualContainer, ref: ContainerRef, after: number[]): number[] {
  const owed = work.context.memory.owed[slotKey(work.subject)];
  if (!owed || container.status !== 'running' || owed.before.includes(runOf(container))) return [];
  return postStart(work, ref, after, { from: owed.done, reason: 'it was started and has yet to have it' });
}

/** Whether the hooks that Git names now are those that a container was made with. */
export const hasSameHooks = (container: ActualContainer, wanted: DesiredContainer): boolean =>
  container.hooksDigest === hooksDigest(wanted.hooks);

interface Stop {
  service: string;
  subject: Subject;
  cause: Cause;
  retry: Retry;
  withheld: Withheld | undefined;
  reason: Reason;
  after: number[];
  /** What is sick is stopped whatever its hooks say. */
  mayFail?: boolean;
  /** As of Operation. */
  onlyIfFailed?: number;
}

/** Drafts the hooks before a stop; resolves to what the stop comes after. Only what runs can be told anything. */
export function preStop(
  context: AppContext,
  container: ActualContainer,
  hooks: Hook[] | undefined,
  stop: Stop,
): number[] {
  if (container.status !== 'running' || !hooks?.length) return stop.after;
  let { after } = stop;
  for (const [index, hook] of hooks.entries()) {
    const handle = context.draft.add({
      kind: 'runHook',
      container: { name: container.name, id: container.id },
      phase: 'pre_stop',
      index,
      last: index === hooks.length - 1,
      hook,
      conceals: concealedOf(hook, container.spec.Env, undefined),
      mayFail: stop.mayFail ?? false,
      service: stop.service,
      reason: stop.reason,
      after,
      ...(stop.onlyIfFailed !== undefined && { onlyIfFailed: stop.onlyIfFailed }),
      subject: stop.subject,
      cause: stop.cause,
      retry: stop.retry,
      ...held(stop.withheld),
    });
    after = [handle];
  }
  return after;
}

/** The hooks to stop a container by: what Git says of its place, else what Git said last. */
export function preStopOf(context: AppContext, { identity }: ActualContainer): Hook[] | undefined {
  const service = context.desired.services.find(({ name }) => name === identity.service);
  if (!service?.containers.length) return context.memory.preStop[serviceKey(identity)];
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

/** Before operations are begun: the places that they start and that have hooks owe them from now on. */
export function oweHooks(memory: Memory, site: DesiredSite, begun: readonly Operation[], actual: ActualSite): Memory {
  const owed = { ...memory.owed };
  for (const operation of begun) {
    const { subject } = operation;
    if (operation.kind !== 'startContainer' || operation.withheld || subject.kind !== 'slot') continue;
    if (!hasPostStart(site, subject)) continue;
    const place = slotKey(subject);
    const runs = actual.containers.filter(({ identity }) => slotKey(identity) === place).map(runOf);
    const known = memory.owed[place];
    // A run that owes them already goes on doing so, should this start not come about.
    owed[place] = { before: known ? runs.filter((run) => known.before.includes(run)) : runs, done: 0 };
  }
  return JSON.stringify(owed) === JSON.stringify(memory.owed) ? memory : { ...memory, owed };
}

export function hasPostStart(site: DesiredSite, { app, service, number }: SlotId): boolean {
  const wanted = site.apps
    .find(({ name }) => name === app)
    ?.services.find(({ name }) => name === service)
    ?.containers.find((container) => container.number === number);
  return Boolean(wanted?.hooks?.postStart.length);
}

/** What an outcome teaches of hooks; changes `memory.owed` in place. */
export function learnHooks(owed: Memory['owed'], operation: Operation): void {
  if (operation.kind !== 'runHook' || operation.phase !== 'post_start' || operation.subject.kind !== 'slot') return;
  const place = slotKey(operation.subject);
  const known = owed[place];
  if (!known) return;
  if (operation.last) delete owed[place];
  else owed[place] = { ...known, done: operation.index + 1 };
}

/** The pre_stop hooks of what Git names, and of what still runs although Git forgot it. */
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
