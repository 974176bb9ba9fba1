import { createEffects } from '../apply/effects.ts';
import { unseenHost } from '../host/host.ts';
import { every } from '../lib/clock.ts';
import { shortRevision } from '../lib/text/revision.ts';
import type { SiteHistory } from '../model/status/history.ts';
import type { SiteStatus } from '../model/status/site-status.ts';
import type { SyncAnswer } from '../model/sync-answer.ts';
import { agentOptions } from '../plan/facts/policy.ts';
import { createSignal } from '../source/follow/link.ts';
import type { Trust } from '../trust/trust.ts';
import { type Admission, createAdmission } from './admission/admission.ts';
import { type AgentOptions, refOf } from './agent-options.ts';
import { explain, wordsOf } from './follow/explain.ts';
import { createFollower } from './follow/follower.ts';
import { pollLoop } from './follow/poll-loop.ts';
import { createHistory, type History } from './history/history.ts';
import { createHistoryStore } from './history/history-store.ts';
import { createProblemLog } from './reconcile/problem-log.ts';
import { createReconciler } from './reconcile/reconciler.ts';
import { createRivals } from './reconcile/rivals.ts';
import { createStateLog } from './reconcile/state-log.ts';
import { createRequirements } from './requirements/requirements.ts';
import { openFacts } from './requirements/site-facts.ts';
import { createStaging } from './staging/staging.ts';
import { type Accepted, acceptedStore } from './state/accepted.ts';
import { agentId } from './state/agent-id.ts';
import { createMemoryStore, rebase } from './state/memory-store.ts';
import { createTrustStore } from './state/trust-store.ts';
import { createStatusKeeper } from './status/status-keeper.ts';
import { syncNow } from './status/sync-now.ts';
import { createSiteWindows, type SiteWindowsNow } from './time/site-windows.ts';
import { createTimeStore } from './time/time-store.ts';
import { createTrustedClock } from './time/trusted-clock.ts';

export interface Agent {
  /** Looks at the repo and at the engine now. */
  sync(): void;
  /** The same for a person who waits for the answer. It ends the backoffs too: those of one app, or all. Never rejects. */
  syncNow(app?: string): Promise<SyncAnswer>;
  /** The state of the site, as far as the agent knows it. */
  status(): SiteStatus;
  /** The events of the site, as far back as they are kept. */
  history(): SiteHistory;
  /** Begins nothing new and resolves when what runs has ended. Containers run on. */
  stop(): Promise<void>;
}

/**
 * Keeps one site as its config repo says. Enforces the accepted state before it asks the network for anything, and for as long as it gets nothing newer.
 */
export async function startAgent(options: AgentOptions): Promise<Agent> {
  const { clock, disk, engine, source, log, stateDir } = options;
  const stopping = new AbortController();

  // Everything on the disk is read before anything is done: the file of a newer Holdfast stops the agent here.
  const memoryStore = createMemoryStore(disk, `${stateDir}/memory.json`);
  const { stored, problem } = await memoryStore.read();
  if (problem) log.error(problem);
  const store = acceptedStore(disk, `${stateDir}/accepted`, options.program);
  const loaded = await store.load();
  for (const text of loaded.problems) log.error(text);
  const accepted = ofThisSite(loaded.accepted, options);
  const isElsewhere = accepted !== undefined && (accepted.url !== options.repo || accepted.ref !== refOf(options));
  const admission = await openAdmission(options, isElsewhere ? undefined : accepted?.commit);
  const windows = await openWindows(options, admission);
  const id = await agentId(disk, `${stateDir}/agent-id`, clock, log);

  const site = options.site ?? 'default';
  const history = await openHistory(options, site, accepted);
  const status = createStatusKeeper({
    clock,
    site,
    history,
    program: options.program,
    repo: options.repo,
    waiting: () => staging.waiting(),
    troubles: (app) => stateLog.troubles(app),
  });
  const logProblems = createProblemLog(log);
  const stateLog = createStateLog(log, (container) => engine.lastOutput(container));
  const requirements = createRequirements({
    clock,
    log,
    host: options.host ?? unseenHost,
    onChange: () => reconciler.trigger(),
  });
  const reconciler = createReconciler(rebase(stored, clock.monotonic(), clock.random), {
    effects: createEffects(engine, options.files, id),
    clock,
    log,
    store: memoryStore,
    options: agentOptions,
    windows: windows.ask,
    parked: (site, actual) => requirements.ask(site, actual.engine),
    rivals: createRivals(site, id, log),
    onPlan: (plan, actual, busy, site) => {
      logProblems(plan, actual);
      stateLog.tell(site, plan, actual, !busy && site.broken.length === 0);
      status.planned(plan, actual, site);
      options.onPlan?.(plan, actual);
    },
    onOutcome: options.onOutcome,
    status,
  });
  const isDoubtful = loaded.problems.length > 0 || loaded.isByOther || isElsewhere;
  const facts = await openFacts({ disk, path: `${stateDir}/facts.json`, engine, log });
  const staging = await createStaging(options, windows.trustedWall, admission.trust, facts);
  const follower = createFollower({
    options,
    admission,
    reconciler,
    store,
    staging,
    accepted,
    isDoubtful,
    facts,
    status,
    onContact: async () => {
      status.contact();
      if (await windows.contact()) reconciler.trigger();
    },
  });
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
  // A poll that somebody asked for, and that was answered, ends the waiting of the loop as well.
  const link = createSignal(options.onLink);
  const polling = pollLoop(follower, { ...options, onLink: link.subscribe }, stopping.signal, status);

  /** Polls Git now. Gives what went wrong in words; undefined: nothing. */
  const lookAtGit = async (): Promise<string | undefined> => {
    follower.lookAgain();
    try {
      await follower.again(stopping.signal);
    } catch (error) {
      const words = wordsOf(explain({ kind: 'failed', error: error as Error, repo: options.repo }));
      if (!stopping.signal.aborted) status.unreadable(words);
      return words;
    }
    status.unreadable(undefined);
    link.fire();
    return undefined;
  };

  return {
    status: status.now,
    history: history.now,
    sync() {
      engine.forget();
      reconciler.trigger();
      void lookAtGit().then((words) => words !== undefined && log.warn(words));
    },
    syncNow(app) {
      log.info('told to sync now', app === undefined ? {} : { app });
      engine.forget();
      reconciler.endBackoffs(app);
      return syncNow({ clock, git: lookAtGit, engine: reconciler.look, status: status.now });
    },
    async stop() {
      stopping.abort();
      unwatch();
      requirements.stop();
      cancelResync();
      await reconciler.stop();
      await polling;
      await history.stop();
    },
  };
}

/** `accepted` is the commit of the accepted state: it takes the place of a floor that is lost. */
async function openAdmission(options: AgentOptions, accepted: string | undefined): Promise<Admission> {
  const { clock, disk, log, source, repo, revision, stateDir, trust } = options;
  const store = createTrustStore(disk, `${stateDir}/trust.json`);
  const { state, problem } = await store.load();
  if (problem) {
    const instead = accepted ? `the accepted state says ${shortRevision(accepted)}` : 'the site begins from nothing';
    log.error(`${problem}: how far the site had come is lost, and ${instead}`);
  }
  const own = async (): Promise<Trust | undefined> => trust?.();
  const position = `${repo} ${refOf(options)}`;
  return createAdmission({ clock, log, source, store, state, position, revision, own, accepted });
}

async function openWindows(options: AgentOptions, admission: Admission): Promise<SiteWindowsNow> {
  const { clock, disk, log, stateDir, time: evidence = {} } = options;
  const store = createTimeStore(disk, `${stateDir}/time.json`);
  const { stored, problem } = await store.load();
  if (problem) log.warn(problem);
  const trusted = createTrustedClock({ clock, log, store, evidence, stored, beacon: admission.beacon });
  await trusted.refresh();
  return createSiteWindows(clock, trusted);
}

/** `before`: the state that was accepted in an earlier life. */
async function openHistory(
  { clock, disk, log, stateDir }: AgentOptions,
  site: string,
  before: Accepted | undefined,
): Promise<History> {
  const store = createHistoryStore(disk, `${stateDir}/history.json`);
  const { stored, problem } = await store.load();
  if (problem) log.warn(problem);
  return createHistory({ clock, log, site, store, stored, isLost: problem !== undefined, before });
}

/** State accepted for another site must not be enforced here: we would start a second set of containers next to that site's. */
function ofThisSite(accepted: Accepted | undefined, { site, stateDir, log }: AgentOptions): Accepted | undefined {
  if (!accepted || site === undefined || accepted.site.site === site) return accepted;
  const other = accepted.site.site;
  log.error(
    `${stateDir} holds what site ${other} accepted: it is not enforced for site ${site}, which begins from nothing. The containers of ${other} run on; \`holdfast down --site ${other}\` removes them`,
  );
  return undefined;
}
