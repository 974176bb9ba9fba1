import { every } from '../lib/clock.ts';
import { messageOf } from '../lib/errors.ts';
import { createSemaphore } from '../lib/semaphore.ts';
import { shortRevision } from '../lib/text/revision.ts';
import { agentOptions } from '../plan/facts/policy.ts';
import { createSignal } from '../source/follow/link.ts';
import type { Trust } from '../trust/trust.ts';
import { createGate, type Gate } from './admission/admission.ts';
import type { AgentOptions } from './agent-options.ts';
import { createFollower, follow, refOf } from './follow/follower.ts';
import { createProblemTeller } from './reconcile/problem-log.ts';
import { createReconciler } from './reconcile/reconciler.ts';
import { createRivals } from './reconcile/rivals.ts';
import { createStateTeller } from './reconcile/state-log.ts';
import { type Accepted, acceptedStore } from './state/accepted.ts';
import { agentId } from './state/agent-id.ts';
import { createMemoryStore } from './state/memory-store.ts';
import { createTrustStore } from './state/trust-store.ts';

/** Containers started or removed at once on one engine; more gains nothing and confuses old engines. */
const PARALLEL_OPERATIONS = 8;
const PARALLEL_PULLS = 3;

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
  const id = await agentId(disk, `${stateDir}/agent-id`, clock, log);
  const effects = {
    agent: id,
    engine,
    files: options.files,
    slots: createSemaphore(PARALLEL_OPERATIONS),
    pullSlots: createSemaphore(PARALLEL_PULLS),
  };
  const tellProblems = createProblemTeller(log);
  const tellState = createStateTeller(log, (container) => engine.lastOutput(container));
  const reconciler = createReconciler(memory, {
    effects,
    clock,
    log,
    store: memoryStore,
    options: agentOptions,
    rivals: createRivals(options.site ?? 'default', id, log),
    onPlan: (plan, actual, busy, site) => {
      tellProblems(plan, actual);
      tellState(site, plan, actual, !busy && site.broken.length === 0);
      options.onPlan?.(plan, actual);
    },
    ...(options.onOutcome && { onOutcome: options.onOutcome }),
  });

  const loaded = await accepted.load();
  for (const text of loaded.problems) log.error(text);
  const before = ofThisSite(loaded.accepted, options);
  const isElsewhere = before !== undefined && (before.url !== options.repo || before.ref !== refOf(options));
  const gate = await openGate(options, isElsewhere ? undefined : before?.lastAttempted);
  const doubtful = loaded.problems.length > 0 || isElsewhere;
  const follower = createFollower(options, reconciler, accepted, before, doubtful, gate);
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
  // What was asked for by hand and answered ends the waiting of the loop as well.
  const link = createSignal(options.onLink);
  let polling = follow(follower, { ...options, onLink: link.subscribe }, stopping.signal);

  return {
    sync() {
      follower.judgeAgain();
      engine.forget();
      reconciler.trigger();
      void follower
        .again(stopping.signal)
        .then(link.fire)
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

async function openGate(options: AgentOptions, acceptedCommit: string | undefined): Promise<Gate> {
  const { clock, disk, log, source, repo, revision, stateDir, trust } = options;
  const store = createTrustStore(disk, `${stateDir}/trust.json`);
  const { state, problem } = await store.load();
  if (problem) {
    const instead = acceptedCommit ? `the accepted state says ${shortRevision(acceptedCommit)}` : 'it begins anew';
    log.error(`${problem}, and with it how far the site had come: ${instead}`);
  }
  const own = async (): Promise<Trust | undefined> => trust?.();
  const place = `${repo} ${refOf(options)}`;
  return createGate({ clock, log, source, store, state, place, revision, own, accepted: acceptedCommit });
}

/** What another site accepted is none of ours: its containers bear that site's label, and ours would take its place beside them. */
function ofThisSite(accepted: Accepted | undefined, { site, stateDir, log }: AgentOptions): Accepted | undefined {
  if (!accepted || site === undefined || accepted.site.site === site) return accepted;
  log.error(
    `${stateDir} holds what site ${accepted.site.site} accepted: it is not enforced for site ${site}, which starts anew. The containers of ${accepted.site.site} run on; \`holdfast down --site ${accepted.site.site}\` removes them`,
  );
  return undefined;
}
