import { applyApp } from '../../apply/apply.ts';
import type { Effects } from '../../apply/effects.ts';
import { observeSite } from '../../apply/observe-site.ts';
import type { Clock } from '../../lib/clock.ts';
import { messageOf } from '../../lib/errors.ts';
import type { Log } from '../../lib/log.ts';
import type { Memory } from '../../model/memory.ts';
import type { OperationResult, Outcome } from '../../model/outcome.ts';
import type { AppPlan, Operation, Plan } from '../../model/plan.ts';
import type { ActualSite, DesiredSite } from '../../model/state.ts';
import { subjectKey } from '../../model/subject.ts';
import { isConverged } from '../../plan/draft/withhold.ts';
import type { PlanOptions } from '../../plan/facts/policy.ts';
import { removedApp } from '../../plan/facts/removed-app.ts';
import { rememberCompleted } from '../../plan/memory/adopted.ts';
import { forgetBackoffs, retryAfterOutage } from '../../plan/memory/backoffs.ts';
import { notePendingHooks } from '../../plan/memory/pending-hooks.ts';
import { rememberConverged, updateFromOutcome, updateFromState } from '../../plan/memory/update.ts';
import { plan } from '../../plan/plan.ts';
import { describe, reasonOf } from '../../plan/print/render.ts';
import type { MemoryStore } from '../state/memory-store.ts';
import type { Rivals } from './rivals.ts';

export interface ReconcilerOptions {
  effects: Effects;
  clock: Clock;
  log: Log;
  store: Pick<MemoryStore, 'save'>;
  options: PlanOptions;
  /** Told of every plan and of every outcome, for status and for people. */
  onPlan?: (plan: Plan, actual: ActualSite, busy: boolean, site: DesiredSite) => void;
  onOutcome?: (outcome: Outcome) => void;
  /** Who else keeps the site; absent: nobody is looked for. */
  rivals?: Rivals;
}

/**
 * Keeps a site as it should be: observe, plan, apply, and again until there is nothing left to do. A pass never sleeps; what has to wait is
 * taken up again by an event or a timer. Each place, image, network has a lane of its own in which one thing is done at a time, so that a slow
 * pull or a container that will not stop holds up nothing that does not depend on it.
 */
export interface Reconciler {
  /** From now on this is wanted. Runs of apps that want something else are cancelled, and what failed may be tried again at once. */
  desire(site: DesiredSite): void;
  /** Something may have changed: look. */
  trigger(): void;
  /** The link is back: images may be pulled again at once. */
  linkUp(): void;
  /**
   * Begins nothing new and resolves when what runs has ended, or when patience has: a container may take an hour to stop, and whoever stops us
   * gives us seconds. What is under way then is the engine's to finish; the next life sees what became of it.
   */
  stop(): Promise<void>;
}

/** Milliseconds until a gate is looked at again on an engine whose events say nothing of it. */
const GATE_MS = 5_000;
/** Milliseconds that the end waits for what runs; `docker stop` kills after ten seconds. */
const STOP_PATIENCE_MS = 3_000;
/** Milliseconds after the engine did not answer: doubling from the first to the last. */
const ENGINE_RETRY_MS = [500, 30_000] as const;

export function createReconciler(memory: Memory, deps: ReconcilerOptions): Reconciler {
  const { effects, clock, log, store, options } = deps;
  const runs = new Set<Run>();
  let desired: DesiredSite | undefined;
  let passing: Promise<void> | undefined;
  let again = false;
  let stopped = false;
  let cancelTimer = (): void => {};
  let engineFailures = 0;
  const complaints = new Map<string, string>();

  const trigger = (): void => {
    if (stopped || !desired) return;
    again = true;
    passing ??= passes().finally(() => {
      passing = undefined;
    });
  };

  async function passes(): Promise<void> {
    while (again && !stopped && desired) {
      again = false;
      await pass(desired).then(
        () => {
          engineFailures = 0;
          complain('engine', '');
        },
        (error) => {
          const [first, last] = ENGINE_RETRY_MS;
          const wait = Math.min(last, first * 2 ** engineFailures) * (1 + clock.random() / 5);
          engineFailures += 1;
          complain('engine', `cannot see what runs here: ${messageOf(error)}`);
          wakeAt(clock.monotonic() + wait);
        },
      );
    }
  }

  async function pass(site: DesiredSite): Promise<void> {
    // What was being worked on while we looked may have been seen as it was before: it is left to the pass that its end starts.
    const busy = busyLanes();
    const actual = await observeSite(site, memory, effects, clock);
    if (desired !== site || stopped) return trigger();
    const now = clock.monotonic();
    if (engineFailures > 0) memory = retryAfterOutage(memory, now);
    memory = updateFromState(memory, site, actual, now);
    deps.rivals?.saw(actual, now);
    const made = plan(site, actual, memory, now, { ...options, conflictUntil: deps.rivals?.until(now) });
    deps.onPlan?.(made, actual, runs.size > 0, site);
    for (const app of made.apps) if (isConverged(app)) converged(site, app.app, actual);
    await persist();

    for (const lane of busyLanes()) busy.add(lane);
    const free = made.apps.map((app) => withoutLanes(app, busy)).filter(({ operations }) => operations.some(isDue));
    const owing = notePendingHooks(
      memory,
      site,
      free.flatMap(({ operations }) => operations),
      actual,
    );
    if (owing !== memory) {
      memory = owing;
      await persist();
      if (desired !== site || stopped) return trigger();
    }
    for (const app of free) begin(app, site);
    const next = made.apps.flatMap(({ operations }) => operations.flatMap(({ withheld }) => withheld?.until ?? []));
    if (next.length > 0) wakeAt(Math.min(...next));
  }

  function begin(app: AppPlan, site: DesiredSite): void {
    const lanes = new Map<string, { pending: number; results: OperationResult[] }>();
    for (const operation of app.operations) {
      const lane = lanes.get(laneOf(operation)) ?? { pending: 0, results: [] };
      lane.pending += 1;
      lanes.set(laneOf(operation), lane);
    }
    const cancel = new AbortController();
    const run: Run = {
      app: app.app,
      cancel,
      isBusy: (lane) => (lanes.get(lane)?.pending ?? 0) > 0,
      lanes: [...lanes.keys()],
      done: Promise.resolve(),
    };
    runs.add(run);
    const made = new Map<number, string>();
    run.done = applyApp(app, effects, {
      signal: cancel.signal,
      onStart: (operation) => deps.rivals?.begins(operation, (id) => made.get(id)),
      onResult: (result) => {
        if (result.status === 'done' && result.containerId) made.set(result.operation.id, result.containerId);
        deps.rivals?.did(result, clock.monotonic());
        say(app.app, result);
        const lane = lanes.get(laneOf(result.operation));
        if (!lane) return;
        lane.results.push(result);
        lane.pending -= 1;
        if (lane.pending === 0) finishLane(app.app, site, lane.results);
      },
    }).then((outcome) => {
      runs.delete(run);
      deps.onOutcome?.(outcome);
      if (desired !== site) trigger();
    });
  }

  function finishLane(name: string, site: DesiredSite, results: OperationResult[]): void {
    const app = site.apps.find((each) => each.name === name) ?? removedApp(name, '', {});
    memory = updateFromOutcome(memory, app, { app: name, results }, clock.monotonic(), clock.random);
    void persist();
    const effects = results.filter(({ operation }) => operation.kind !== 'await');
    // What was done has to be looked at; what failed has a backoff now, which the next pass waits for.
    if (effects.some(({ status }) => status === 'done' || status === 'failed')) trigger();
    else if (results.some(({ status }) => status !== 'withheld')) wakeAt(clock.monotonic() + GATE_MS);
  }

  function say(app: string, result: OperationResult): void {
    const { operation } = result;
    const fields = { app, ...(operation.service && { service: operation.service }) };
    if (result.status === 'failed') log.warn(`${describe(operation)} failed: ${result.error.message}`, fields);
    if (result.status !== 'done' || operation.kind === 'await') return;
    log.info(`${describe(operation)}: ${reasonOf(operation)}`, fields);
    for (const warning of result.warnings ?? []) log.warn(`${describe(operation)}: ${warning}`, fields);
  }

  /** Lanes are named across apps, since every key names the app or what all apps share. */
  const busyLanes = (): Set<string> => new Set([...runs].flatMap((run) => run.lanes.filter(run.isBusy)));

  function converged(site: DesiredSite, name: string, actual: ActualSite): void {
    const app = site.apps.find((each) => each.name === name);
    if (app) memory = rememberConverged(rememberCompleted(memory, app, actual), app);
  }

  /** Only the earliest time counts: the pass that it starts sets the next one. */
  let wake = Number.POSITIVE_INFINITY;
  function wakeAt(time: number): void {
    if (stopped || time >= wake) return;
    cancelTimer();
    wake = time;
    cancelTimer = clock.timer(Math.max(0, time - clock.monotonic()), () => {
      wake = Number.POSITIVE_INFINITY;
      trigger();
    });
  }

  let abandoned = false;
  let persisted = Promise.resolve();
  /** A full disk stops nobody from mending containers: what could not be remembered is learned again. */
  function persist(): Promise<void> {
    if (abandoned) return persisted;
    persisted = persisted
      .then(() => store.save(memory))
      .then(
        () => complain('disk', ''),
        (error) => complain('disk', `cannot write the state directory: ${messageOf(error)}`),
      );
    return persisted;
  }

  /** Says a complaint once, and once that it is over. */
  function complain(about: 'engine' | 'disk', what: string): void {
    const before = complaints.get(about) ?? '';
    complaints.set(about, what);
    if (what && what !== before) log.error(what);
    if (!what && before)
      log.info(about === 'engine' ? 'the engine answers again' : 'the state directory can be written again');
  }

  return {
    desire(site) {
      const before = desired;
      desired = site;
      memory = forgetBackoffs(memory, ({ kind }) => kind !== 'slot');
      for (const { app, cancel } of runs) if (!sameApp(before, site, app)) cancel.abort();
      trigger();
    },
    trigger,
    linkUp() {
      memory = forgetBackoffs(memory, ({ kind }) => kind === 'image');
      trigger();
    },
    async stop() {
      stopped = true;
      cancelTimer();
      for (const { cancel } of runs) cancel.abort();
      const ended = Promise.all([passing, ...[...runs].map(({ done }) => done)]);
      const patience = new Promise<void>((resolve) => {
        cancelTimer = clock.timer(STOP_PATIENCE_MS, resolve);
      });
      await Promise.race([ended, patience]);
      cancelTimer();
      // What ends later is nobody's any more: the state directory may be another's by then.
      abandoned = true;
      await persisted;
    },
  };
}

/** The operations of one app that were begun together. */
interface Run {
  app: string;
  cancel: AbortController;
  lanes: string[];
  isBusy(lane: string): boolean;
  done: Promise<void>;
}

/** Two operations on one subject never run in two runs at once. One that only looks keeps no subject busy. */
const laneOf = ({ subject, retry, kind }: Operation): string => (retry ? subjectKey(subject) : kind);

/** The plan less what is being worked on already and all that comes after it. Gates stay: they only look. */
function withoutLanes(plan: AppPlan, busy: ReadonlySet<string>): AppPlan {
  if (busy.size === 0) return plan;
  const left = new Set<number>();
  for (const operation of plan.operations) {
    const needs = [...operation.after, ...(operation.onlyIfFailed === undefined ? [] : [operation.onlyIfFailed])];
    if ((operation.kind === 'await' || !busy.has(laneOf(operation))) && needs.every((id) => left.has(id)))
      left.add(operation.id);
  }
  return { ...plan, operations: plan.operations.filter(({ id }) => left.has(id)) };
}

const isDue = ({ withheld, onlyIfFailed }: AppPlan['operations'][number]): boolean =>
  !withheld && onlyIfFailed === undefined;

const sameApp = (before: DesiredSite | undefined, after: DesiredSite, name: string): boolean =>
  before?.apps.find((app) => app.name === name)?.revision === after.apps.find((app) => app.name === name)?.revision;
