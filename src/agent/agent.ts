import type { CompileOptions } from '../compose/values.ts';
import type { Engine } from '../engine/engine.ts';
import { createHostFiles } from '../files/host-files.ts';
import type { Clock } from '../lib/clock.ts';
import type { Disk } from '../lib/disk.ts';
import { formatProblem, InputError, messageOf, SourceError, StateError } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import { createSemaphore } from '../lib/semaphore.ts';
import type { Outcome } from '../model/outcome.ts';
import type { Plan } from '../model/plan.ts';
import type { ActualSite } from '../model/state.ts';
import { agentOptions } from '../plan/policy.ts';
import { shortRevision } from '../plan/render.ts';
import { pollForever } from '../source/retry.ts';
import type { Source } from '../source/source.ts';
import { desiredOf, gather } from './accept.ts';
import { type Accepted, acceptedStore } from './accepted.ts';
import { createMemoryStore } from './memory-store.ts';
import { createProblemTeller } from './problem-teller.ts';
import { createReconciler, type Reconciler } from './reconciler.ts';

/** Containers started or removed at once on one engine; more gains nothing and confuses old engines. */
const PARALLEL_OPERATIONS = 8;
const PARALLEL_PULLS = 3;

export interface AgentOptions {
  clock: Clock;
  disk: Disk;
  engine: Engine;
  source: Source;
  log: Log;
  /** For the log and the state; without credentials. */
  repo: string;
  /** What is followed there; empty for its HEAD. */
  revision: string;
  /** The config repo's folder in the repo; none for its root. */
  path?: string | undefined;
  site: string | undefined;
  /** Absolute. */
  stateDir: string;
  /** Read anew at each compilation, since the site's own values may change under us. */
  compile: () => Promise<CompileOptions>;
  intervalMs: number;
  resyncMs: number;
  onPlan?: (plan: Plan, actual: ActualSite) => void;
  onOutcome?: (outcome: Outcome) => void;
}

export interface Agent {
  /** Looks at the repo and at the engine now. */
  sync(): void;
  /** Begins nothing new and resolves when what runs has ended. Containers run on. */
  stop(): Promise<void>;
}

/**
 * Keeps one site as its config repo says. What was accepted last is enforced before the network is asked for anything, and for as long as
 * nothing newer can be had.
 */
export async function startAgent(options: AgentOptions): Promise<Agent> {
  const { clock, disk, engine, source, log, stateDir } = options;
  const stopping = new AbortController();
  const accepted = acceptedStore(disk, `${stateDir}/accepted`);
  const memoryStore = createMemoryStore(disk, `${stateDir}/memory.json`);

  const { memory, problem } = await memoryStore.load(clock.monotonic(), clock.random);
  if (problem) log.error(problem);
  const effects = {
    engine,
    files: createHostFiles(disk),
    slots: createSemaphore(PARALLEL_OPERATIONS),
    pullSlots: createSemaphore(PARALLEL_PULLS),
  };
  const tellProblems = createProblemTeller(log);
  const reconciler = createReconciler(memory, {
    effects,
    clock,
    log,
    store: memoryStore,
    options: agentOptions,
    onPlan: (plan, actual) => {
      tellProblems(plan, actual);
      options.onPlan?.(plan, actual);
    },
    ...(options.onOutcome && { onOutcome: options.onOutcome }),
  });

  const loaded = await accepted.load();
  for (const text of loaded.problems) log.error(text);
  const before = ofThisSite(loaded.accepted, options);
  const isElsewhere = before !== undefined && (before.url !== options.repo || before.ref !== refOf(options));
  const follower = createFollower(options, reconciler, accepted, before, loaded.problems.length > 0 || isElsewhere);
  await follower.resume();

  const unwatch = engine.watch(({ app, what }) => {
    log.debug(what, app ? { app } : {});
    reconciler.trigger();
  });
  const cancelResync = every(clock, options.resyncMs, () => {
    engine.forget();
    reconciler.trigger();
  });
  for (const warning of source.warnings) log.warn(warning);
  let polling = follow(follower, options, stopping.signal);

  return {
    sync() {
      engine.forget();
      reconciler.trigger();
      void follower
        .once(stopping.signal)
        .catch((error) => log.warn(`cannot read ${options.repo}: ${messageOf(error)}`));
    },
    async stop() {
      stopping.abort();
      unwatch();
      cancelResync();
      await reconciler.stop();
      await polling;
      polling = Promise.resolve();
    },
  };
}

/** Polls with jitter, so that a fleet does not ask in one moment; retries for ever, and says once that the link is gone or back. */
function follow(follower: Follower, options: AgentOptions, signal: AbortSignal): Promise<void> {
  const { clock, log, repo, intervalMs } = options;
  let complaint = '';
  let over = '';
  return pollForever(
    clock,
    async () => {
      await follower.once(signal);
      if (complaint) {
        complaint = '';
        log.info(over);
        follower.linkUp();
      }
    },
    {
      signal,
      interval: () => intervalMs * (1 + clock.random() / 10),
      onFailure: (error) => {
        if (error.message === complaint || signal.aborted) return;
        complaint = error.message;
        // It was read; this site has no place for it.
        const isOurs = error instanceof StateError || (error instanceof SourceError && error.kind === 'limit');
        over = isOurs ? `what ${repo} says can be kept again` : `${repo} answers again`;
        log.warn(
          `cannot ${isOurs ? 'keep what' : 'read'} ${repo}${isOurs ? ' says' : ''}: ${complaint}; what was accepted last is enforced meanwhile`,
        );
      },
    },
  );
}

/** As Git writes it: REVISION:PATH. */
const refOf = ({ revision, path }: AgentOptions): string => (path ? `${revision}:${path}` : revision);

/** What another site accepted is none of ours: its containers bear that site's label, and ours would take its place beside them. */
function ofThisSite(accepted: Accepted | undefined, { site, stateDir, log }: AgentOptions): Accepted | undefined {
  if (!accepted || site === undefined || accepted.site.site === site) return accepted;
  log.error(
    `${stateDir} holds what site ${accepted.site.site} accepted: it is not enforced for site ${site}, which starts anew. The containers of ${accepted.site.site} run on; \`holdfast down --site ${accepted.site.site}\` removes them`,
  );
  return undefined;
}

interface Follower {
  /** Enforces what was accepted before, if anything was. */
  resume(): Promise<void>;
  /** One poll; a new commit is fetched, gathered, stored and only then enforced. Throws SourceError, StateError. */
  once(signal: AbortSignal): Promise<void>;
  linkUp(): void;
}

function createFollower(
  options: AgentOptions,
  reconciler: Reconciler,
  store: ReturnType<typeof acceptedStore>,
  current: Accepted | undefined,
  /** A part of what was accepted is lost, or it came from another place: the revision is fetched although its commit is not new. */
  isDoubtful: boolean,
): Follower {
  const { source, log } = options;
  let busy: Promise<void> | undefined;

  /** `told`: apps whose problems were said already. */
  async function enforce(state: Accepted, told: ReadonlySet<string> = new Set()): Promise<void> {
    const desired = await desiredOf(state, await options.compile());
    for (const { name, problems } of desired.broken) {
      if (told.has(name)) continue;
      for (const problem of problems) log.error(formatProblem(problem), { app: name });
    }
    for (const app of desired.apps)
      for (const warning of app.warnings) log.warn(formatProblem(warning), { app: app.name });
    reconciler.desire(desired);
  }

  async function accept(commit: string, signal: AbortSignal): Promise<void> {
    const compile = await options.compile();
    const snapshot = await source.fetch(commit, signal);
    try {
      const from = { url: options.repo, ref: refOf(options), site: options.site, compile };
      const { accepted, broken } = await gather(snapshot, from, current);
      for (const text of await store.save(accepted)) log.warn(text);
      current = accepted;
      isDoubtful = false;
      for (const { name, problems } of broken) {
        const kept = accepted.apps[name]
          ? `; ${name} stays as it was at ${shortRevision(accepted.apps[name].revision)}`
          : '';
        for (const problem of problems) log.error(`${formatProblem(problem)}${kept}`, { app: name });
      }
      log.info(`accepted ${shortRevision(commit)}`, { revision: commit });
      await enforce(accepted, new Set(broken.map(({ name }) => name)));
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      // It will not get better until somebody commits: it is not fetched again, and what was accepted before stays.
      for (const problem of error.problems) log.error(`${shortRevision(commit)} is refused: ${formatProblem(problem)}`);
      if (current) current = { ...current, lastAttempted: commit };
      refused = commit;
    } finally {
      await snapshot.dispose();
    }
  }
  let refused: string | undefined;

  return {
    async resume() {
      if (!current) return;
      log.info(`enforcing ${shortRevision(current.lastAttempted)}, accepted before`, {
        revision: current.lastAttempted,
      });
      await enforce(current);
    },
    once(signal) {
      busy ??= (async () => {
        const commit = await source.poll(signal);
        if (commit !== refused && (isDoubtful || commit !== current?.lastAttempted)) await accept(commit, signal);
      })().finally(() => {
        busy = undefined;
      });
      return busy;
    },
    linkUp: () => reconciler.linkUp(),
  };
}

function every(clock: Clock, ms: number, callback: () => void): () => void {
  let cancel = clock.timer(ms, tick);
  function tick(): void {
    cancel = clock.timer(ms, tick);
    callback();
  }
  return () => cancel();
}
