import { applyApp } from '../../apply/apply.ts';
import type { Effects } from '../../apply/effects.ts';
import { observeSite } from '../../apply/observe-site.ts';
import type { Clock } from '../../lib/clock.ts';
import { messageOf } from '../../lib/errors.ts';
import type { Log } from '../../lib/log.ts';
import type { Memory } from '../../model/memory.ts';
import type { OperationResult, Outcome } from '../../model/outcome.ts';
import type { AppPlan, Operation, Plan } from '../../model/plan.ts';
import type { Parkings } from '../../model/requirement.ts';
import type { ActualSite, DesiredSite } from '../../model/state.ts';
import type { SiteVerdicts } from '../../model/sync-window.ts';
import { isConverged } from '../../plan/draft/withhold.ts';
import { closedWindow, type PlanOptions } from '../../plan/facts/policy.ts';
import { removedApp } from '../../plan/facts/removed-app.ts';
import { rememberCompleted } from '../../plan/memory/adopted.ts';
import { endBackoffs, forgetBackoffs, retryAfterOutage } from '../../plan/memory/backoffs.ts';
import { noteBegun } from '../../plan/memory/begun.ts';
import { noteParked } from '../../plan/memory/parked.ts';
import { notePendingHooks } from '../../plan/memory/pending-hooks.ts';
import { noteSyncHooks, rememberMade } from '../../plan/memory/sync-hooks.ts';
import { rememberConverged, updateFromOutcome, updateFromState } from '../../plan/memory/update.ts';
import { plan } from '../../plan/plan.ts';
import type { MemoryStore } from '../state/memory-store.ts';
import type { StatusKeeper } from '../status/status-keeper.ts';
import { atMost, createAlarm } from './alarm.ts';
import { type Lanes, lanesOf, withoutLanes } from './lanes.ts';
import { createMemoryWriter } from './memory-writer.ts';
import { logOnce, logResult } from './operation-log.ts';
import type { Rivals } from './rivals.ts';

export interface ReconcilerOptions {
  effects: Effects;
  clock: Clock;
  log: Log;
  store: Pick<MemoryStore, 'save'>;
  options: PlanOptions;
  /** Called with each plan; `busy`: operations of earlier passes still run. */
  onPlan?: (plan: Plan, actual: ActualSite, busy: boolean, site: DesiredSite) => void;
  onOutcome?: ((outcome: Outcome) => void) | undefined;
  /** Told when operations of an app begin and end, of each result, and when the engine does not answer. */
  status?: Pick<StatusKeeper, 'running' | 'result' | 'unseen'>;
  /** The answers of the site's sync windows now; absent: they hold nothing. */
  windows?: (site: DesiredSite) => Promise<SiteVerdicts | undefined>;
  /** The apps whose requirements the site does not meet now; absent: nobody looks. */
  parked?: ((site: DesiredSite, actual: ActualSite) => Promise<Parkings | undefined>) | undefined;
  /** Notices another agent on the same site; absent: nothing does. */
  rivals?: Rivals;
}

/**
 * Keeps a site as it should be: observe, plan, apply, and again until nothing is left to do. A pass never sleeps: an event or a timer starts the pass that
 * goes on. Operations of several passes run side by side, each subject in its own lane (`lanes.ts`).
 */
export interface Reconciler {
  /** Replaces the desired state. Cancels runs of apps that change with it, and lets failed operations try again at once. */
  desire(site: DesiredSite): void;
  /** Something may have changed: starts a pass. */
  trigger(): void;
  /** Resolves after a pass that begins after this call, or has failed; at once where nothing is desired. */
  look(): Promise<void>;
  /** A person asks: what failed may try again at once. `app`: only that of one app, and what apps share. */
  endBackoffs(app?: string): void;
  /** The link is back: pulls may try again at once. */
  linkUp(): void;
  /**
   * Starts no operation any more, and ends when all have ended, or after three seconds: a container may take an hour to stop, and an agent that is stopped
   * has only seconds. The engine finishes an operation that still runs; the next agent sees its effect.
   */
  stop(): Promise<void>;
}

/** Milliseconds until the next look at a wait, on an engine without an event for it. */
const WAIT_AGAIN_MS = 5_000;
/** Milliseconds for running operations to end; `docker stop` kills the agent after ten seconds. */
const STOP_PATIENCE_MS = 3_000;
/** Milliseconds after which an engine that did not answer is asked again: doubling from the first to the last. */
const ENGINE_RETRY_MS = [500, 30_000] as const;

/** Operations of one app that one pass began together. */
interface Run {
  app: string;
  cancel: AbortController;
  /** The sync windows of the app were open when it began. */
  wasOpen: boolean;
  /** They have closed since: it begins no operation any more. */
  isHalted: boolean;
  lanes: Lanes;
  done: Promise<void>;
}

export function createReconciler(memory: Memory, deps: ReconcilerOptions): Reconciler {
  const { effects, clock, log, store, options, rivals } = deps;
  const runs = new Set<Run>();
  const alarm = createAlarm(clock, trigger);
  const tellEngine = logOnce(log, 'the engine answers again');
  const writer = createMemoryWriter(store, () => memory, logOnce(log, 'the state directory can be written again'));
  let desired: DesiredSite | undefined;
  let passing: Promise<void> | undefined;
  let isPassDue = false;
  let isStopped = false;
  let engineFailures = 0;

  function desire(site: DesiredSite): void {
    const before = desired;
    desired = site;
    memory = forgetBackoffs(memory, ({ kind }) => kind !== 'slot');
    for (const { app, cancel } of runs) if (!isSameApp(before, site, app)) cancel.abort();
    trigger();
  }

  function trigger(): void {
    if (isStopped || !desired) return;
    isPassDue = true;
    passing ??= passes().finally(() => {
      passing = undefined;
    });
  }

  /** One pass at a time, and another one for triggers that came meanwhile. */
  async function passes(): Promise<void> {
    while (isPassDue && !isStopped && desired) {
      isPassDue = false;
      try {
        await pass(desired);
        engineFailures = 0;
        tellEngine('');
      } catch (error) {
        const [first, last] = ENGINE_RETRY_MS;
        const wait = Math.min(last, first * 2 ** engineFailures) * (1 + clock.random() / 5);
        engineFailures += 1;
        const text = `cannot see what runs here: ${messageOf(error)}`;
        tellEngine(text);
        deps.status?.unseen(text);
        alarm.at(clock.monotonic() + wait);
      }
    }
  }

  /** Throws EngineError where the engine cannot be observed. */
  async function pass(site: DesiredSite): Promise<void> {
    const isOutdated = (): boolean => desired !== site || isStopped;
    // A subject that is busy while we observe may be seen as it was before. The pass after its operation plans it.
    const busy = busyLanes();
    const actual = await observeSite(site, memory, effects, clock);
    const windows = await deps.windows?.(site);
    const parked = await deps.parked?.(site, actual);
    if (isOutdated()) return trigger();

    const now = clock.monotonic();
    if (engineFailures > 0) memory = retryAfterOutage(memory, now);
    memory = updateFromState(memory, site, actual, now);
    rivals?.saw(actual, now);
    const asked: PlanOptions = { ...options, conflictUntil: rivals?.until(now), windows, parked };
    const isOpen = (name: string): boolean => closedWindow({ name }, asked) === undefined;
    for (const run of runs) run.isHalted ||= run.wasOpen && !isOpen(run.app);
    const made = plan(site, actual, memory, now, asked);
    deps.onPlan?.(made, actual, runs.size > 0, site);
    for (const { app } of made.apps.filter(isConverged)) rememberApp(site, app, actual);
    await writer.save();

    for (const lane of busyLanes()) busy.add(lane);
    const free = made.apps.map((app) => withoutLanes(app, busy)).filter(({ operations }) => operations.some(isDue));
    const operations = free.flatMap((app) => app.operations);
    const hooked = noteSyncHooks(notePendingHooks(memory, site, operations, actual), site, operations);
    const noted = noteParked(noteBegun(hooked, site, free, asked), parked, operations, actual);
    if (noted !== memory) {
      // On the disk before anything begins, so that no crash loses a hook, the begun change of an app with sync windows, or why a container was stopped.
      memory = noted;
      await writer.save();
      if (isOutdated()) return trigger();
    }
    for (const app of free) begin(app, site, isOpen(app.app));
    const times = [
      ...made.apps.flatMap((app) => app.operations.flatMap(({ withheld }) => withheld?.until ?? [])),
      ...[...(parked?.values() ?? [])].flatMap(({ stopsAt }) => stopsAt ?? []),
      // A pass at the closing of windows keeps what runs then from beginning more.
      ...[...runs].flatMap(({ app }) => windows?.apps.get(app)?.until ?? windows?.others?.until ?? []),
    ];
    if (times.length > 0) alarm.at(Math.min(...times));
  }

  const busyLanes = (): Set<string> => new Set([...runs].flatMap(({ lanes }) => lanes.busy()));

  function rememberApp(site: DesiredSite, name: string, actual: ActualSite): void {
    const app = site.apps.find((each) => each.name === name);
    if (app) memory = rememberMade(rememberConverged(rememberCompleted(memory, app, actual), app), app, actual);
  }

  /** Begins the operations of one app, and does not wait for them. */
  function begin(app: AppPlan, site: DesiredSite, wasOpen: boolean): void {
    const run: Run = {
      app: app.app,
      cancel: new AbortController(),
      wasOpen,
      isHalted: false,
      lanes: lanesOf(app.operations),
      done: Promise.resolve(),
    };
    runs.add(run);
    deps.status?.running(app.app, true);
    const created = new Map<number, string>();
    run.done = applyApp(app, effects, {
      signal: run.cancel.signal,
      isHalted: () => run.isHalted,
      onStart: (operation) => rivals?.begins(operation, (id) => created.get(id)),
      onResult: (result) => {
        if (result.status === 'done' && result.containerId) created.set(result.operation.id, result.containerId);
        rivals?.did(result, clock.monotonic());
        logResult(log, app.app, result);
        deps.status?.result(app.app, result);
        const results = run.lanes.end(result);
        if (results) finishLane(app.app, site, results);
      },
    }).then((outcome) => {
      runs.delete(run);
      if (![...runs].some((other) => other.app === app.app)) deps.status?.running(app.app, false);
      deps.onOutcome?.(outcome);
      if (desired !== site || run.isHalted) trigger();
    });
  }

  function finishLane(name: string, site: DesiredSite, results: OperationResult[]): void {
    const app = site.apps.find((each) => each.name === name) ?? removedApp(name, '', {});
    memory = updateFromOutcome(memory, app, { app: name, results }, clock.monotonic(), clock.random);
    void writer.save();
    // A run of a hook that has ended is seen by a wait.
    const changes = results.filter(({ operation }) => operation.kind !== 'await' || operation.syncHook);
    // The next pass sees the effect of an operation that was done, and waits for the backoff of one that failed.
    if (changes.some(({ status }) => status === 'done' || status === 'failed')) trigger();
    else if (results.some(({ status }) => status !== 'withheld')) alarm.at(clock.monotonic() + WAIT_AGAIN_MS);
  }

  return {
    desire,
    trigger,
    async look() {
      trigger();
      await passing;
    },
    endBackoffs(app) {
      memory = endBackoffs(memory, clock.monotonic(), app);
      trigger();
    },
    linkUp() {
      memory = forgetBackoffs(memory, ({ kind }) => kind === 'image');
      trigger();
    },
    async stop() {
      isStopped = true;
      alarm.stop();
      for (const { cancel } of runs) cancel.abort();
      await atMost(clock, STOP_PATIENCE_MS, Promise.all([passing, ...[...runs].map(({ done }) => done)]));
      await writer.close();
    },
  };
}

const isDue = ({ withheld, onlyIfFailed }: Operation): boolean => !withheld && onlyIfFailed === undefined;

const isSameApp = (before: DesiredSite | undefined, after: DesiredSite, name: string): boolean =>
  before?.apps.find((app) => app.name === name)?.revision === after.apps.find((app) => app.name === name)?.revision;
