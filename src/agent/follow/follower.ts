import type { CompileOptions } from '../../compose/load/values/values.ts';
import { formatProblem } from '../../lib/errors.ts';
import { shortRevision } from '../../lib/text/revision.ts';
import type { SiteFacts } from '../../model/fleet.ts';
import type { BrokenApp } from '../../model/state.ts';
import type { SitePolicy } from '../../policy/site-policy.ts';
import type { Polled } from '../../source/source.ts';
import type { Admission } from '../admission/admission.ts';
import type { Admitted } from '../admission/admission-result.ts';
import type { AgentOptions } from '../agent-options.ts';
import type { Reconciler } from '../reconcile/reconciler.ts';
import { unstaged } from '../staging/stage.ts';
import type { Seen, Staging } from '../staging/staging.ts';
import type { Accepted, AcceptedStore } from '../state/accepted.ts';
import type { StatusKeeper } from '../status/status-keeper.ts';
import { type Explained, explain, tell, wordsOf } from './explain.ts';
import { desiredOf, type Gathered } from './gather.ts';
import { namedBy, pinKey, pinText } from './pin.ts';
import { createRefusals } from './refusals.ts';
import { singleFlight } from './single-flight.ts';
import { admit, gatherCommit, type Refusal } from './stages.ts';

/** Brings what a repo says to the reconciler: poll, then admit, gather, store and enforce. */
export interface Follower {
  /** Enforces what was accepted before, if anything was. */
  resume(): Promise<void>;
  /** One poll. Throws SourceError, StateError, EngineError, InputError; a refused commit is no error. */
  once(signal: AbortSignal): Promise<void>;
  /** A poll that begins after this call. */
  again(signal: AbortSignal): Promise<void>;
  /** The next poll looks at the commit again, even if it is not new: a file of the site may have been mended. */
  lookAgain(): void;
  linkUp(): void;
  /** Milliseconds until a change that waits may begin; undefined: none waits for a time. */
  dueIn(): number | undefined;
}

export interface FollowerDeps {
  options: AgentOptions;
  admission: Admission;
  reconciler: Reconciler;
  store: AcceptedStore;
  staging: Staging;
  /** The state that was accepted in an earlier life. */
  accepted: Accepted | undefined;
  /** A part of it is lost, or another program or repo made it: it is gathered again, even if its commit is not new. */
  isDoubtful: boolean;
  /** Finds the facts of the site. Throws EngineError where one was never known. Absent: nobody knows them. */
  facts?: (() => Promise<SiteFacts>) | undefined;
  /** Called when Git has answered a poll, and the answer was dealt with. */
  onContact?: () => Promise<void>;
  /** Told what is enforced, and which commit is refused. */
  status?: Pick<StatusKeeper, 'accepted' | 'refused' | 'policy'>;
}

export function createFollower({
  options,
  admission,
  reconciler,
  store,
  staging,
  accepted,
  isDoubtful,
  facts,
  onContact,
  status,
}: FollowerDeps): Follower {
  const { source, log, clock } = options;
  const refusals = createRefusals();
  let current = accepted;
  /** The commit that was accepted last, or refused after it for the site's documents. */
  let attempted = current?.commit;
  /** The pin of the Site, as far as it is known: the poll asks for it too. */
  let pinned = current?.pin?.revision;
  /** The settings and values of the site that were compiled with last, as JSON. */
  let compiledWith: string | undefined;
  /** The site's policy, as it was read last. */
  let policy: SitePolicy | undefined;
  /** True at first: a person may have mended a file of the site while no agent ran. */
  let isToLookAgain = true;
  // The policy may have changed while no agent ran, and nothing has looked at a change that waits.
  let isToGatherAgain = isDoubtful || (options.policy !== undefined && current?.waiting !== undefined);
  /** No app is broken, or older than the commit. */
  let isWhole = false;
  /** The words of the last refusal, so that it is told once. */
  let toldRefusal = '';
  /** The apps of the accepted commit that cannot be used. */
  let brokenNow: readonly BrokenApp[] = [];

  async function poll(signal: AbortSignal): Promise<void> {
    await noticePolicy();
    const polled = await source.poll(signal, pinned);
    const commit = await admission.target(polled, signal);
    await noticeOwnChanges();
    await noticeFacts();
    if (!isToGatherAgain && commit === attempted && !(await isPinNew(polled))) {
      pinned = current?.pin?.revision;
      await admission.recheck(polled, signal);
      return beginDue({ polled, signal });
    }
    const key = await admission.key(commit, polled);
    if (refusals.holds(key, pinKey(namedBy(polled), pinned), clock.monotonic())) return;
    const refusal = await take(commit, polled, signal);
    if (refusal) await refuse(refusal, commit, polled);
  }

  async function ownValues(): Promise<CompileOptions> {
    const compile = await options.compile();
    compiledWith = JSON.stringify(compile);
    return compile;
  }

  /** Another policy counts at once, also while Git does not answer. */
  async function noticePolicy(): Promise<void> {
    const before = policy?.digest;
    policy = await options.policy?.();
    if (before === undefined || policy?.digest === before) return;
    log.info("the site's policy changed");
    refusals.clear();
    isToGatherAgain = true;
    const told = new Set(current?.site.broken.map(({ name }) => name));
    if (current) await enforce(current, await options.compile(), told);
  }

  /** Another engine, or another machine, may run other apps. Asked only where a placement asks for facts. */
  async function noticeFacts(): Promise<void> {
    if (!current?.site.facts) return;
    const now = await facts?.().catch(() => undefined);
    if (!now || JSON.stringify(now) === JSON.stringify(current.site.facts)) return;
    if (!isToGatherAgain) log.info('the facts of this site changed');
    isToGatherAgain = true;
  }

  /** With other settings or values of the site, or when a person asks, a refused commit may be accepted. */
  async function noticeOwnChanges(): Promise<void> {
    const isChanged = compiledWith !== undefined && JSON.stringify(await options.compile()) !== compiledWith;
    if (isChanged) log.info("the site's own values changed");
    if (isChanged || isToLookAgain) refusals.clear();
    isToGatherAgain ||= isChanged || (isToLookAgain && !isWhole);
    isToLookAgain = false;
  }

  /** The pin of the accepted commit names another commit now, or has to be verified by other keys. */
  async function isPinNew(polled: Polled): Promise<boolean> {
    const pin = current?.pin;
    if (!pin || pin.revision !== pinned) return false;
    return namedBy(polled)?.commit !== pin.commit || (await admission.isPinOutdated(pin));
  }

  /** The stages, in this order, so that a crash between two of them leaves an older state enforced, and never one from which the site could go back. */
  async function take(commit: string, polled: Polled, signal: AbortSignal): Promise<Refusal | undefined> {
    const admitted = await admit(admission, commit, polled, signal);
    if (admitted.kind !== 'admitted') return admitted;
    const compile = await ownValues();
    const input = { options, admission, refusals, polled, asked: pinned, current, compile, policy, facts };
    const gathered = await gatherCommit(admitted, input, signal);
    if (gathered.kind !== 'gathered') return gathered;
    const accepted = await staging.stage(gathered.accepted, current, compile, { polled, signal });
    await keep(admitted, { ...gathered, accepted });
    await enforce(accepted, compile, new Set(gathered.broken.map(({ name }) => name)));
    return undefined;
  }

  /**
   * Begins the changes whose step has come. Git has just answered and says the same as before: a revert, or a newer commit, would have come first.
   */
  async function beginDue(seen: Seen): Promise<void> {
    if (!current?.waiting) return;
    if (!(await staging.isToStage(Object.keys(current.waiting), seen))) return;
    const compile = await ownValues();
    const next = await staging.stage(unstaged(current), current, compile, seen);
    for (const text of await store.save(next)) log.warn(text);
    current = next;
    await enforce(next, compile, new Set());
  }

  /** Stage 3: the floor moves first, then the state is stored. */
  async function keep(admitted: Admitted, { accepted: next, broken }: Gathered): Promise<void> {
    const { commit } = admitted;
    await admission.accept(admitted);
    for (const text of await store.save(next)) log.warn(text);
    current = next;
    attempted = commit;
    pinned = next.pin?.revision;
    isToGatherAgain = false;
    refusals.clear();
    toldRefusal = '';
    status?.refused(undefined);
    brokenNow = broken;
    tell(log, explain({ kind: 'broken', apps: broken, accepted: next }));
    log.info(`accepted ${shortRevision(commit)}${pinText(next.pin)}`, {
      revision: commit,
      pinned: next.pin?.commit,
    });
  }

  /**
   * Stage 4. Compiles from the recording what stage 2 compiled from Git: what is enforced now is exactly what an agent without a network enforces
   * after a restart. `told`: apps whose problems the log has already.
   */
  async function enforce(state: Accepted, compile: CompileOptions, told: ReadonlySet<string>): Promise<void> {
    const desired = await desiredOf(state, compile, options.territory, policy);
    status?.accepted(state, brokenNow);
    if (policy) status?.policy(policy);
    const revision = state.pin?.commit ?? state.commit;
    isWhole =
      desired.broken.length === 0 &&
      desired.apps.every(({ forbidden }) => !forbidden) &&
      Object.values(state.apps).every((app) => app.revision === revision);
    for (const { name, problems } of desired.broken)
      if (!told.has(name)) for (const problem of problems) log.error(formatProblem(problem), { app: name });
    for (const { name, warnings } of desired.apps)
      for (const warning of warnings) log.warn(formatProblem(warning), { app: name });
    reconciler.desire(desired);
  }

  /** Remembers a refusal, for as long as it holds, and tells the log. */
  async function refuse(refusal: Refusal, commit: string, polled: Polled): Promise<void> {
    const isKept = current !== undefined;
    const now = clock.monotonic();
    switch (refusal.kind) {
      case 'refused': {
        const { key, until, errors } = refusal;
        refusals.refuse(key, until);
        return tellOnce(explain({ kind: 'refused', errors, commit, isKept }));
      }
      case 'tooMuch':
        refusals.refuseTooMuch(await admission.key(commit, polled), commit, now);
        return tellOnce(explain({ kind: 'refused', errors: [refusal.error], commit, isKept }));
      case 'unusable':
        if (current) attempted = commit;
        refusals.refuse(refusal.key);
        return tellOnce(explain({ kind: 'unusable', error: refusal.error, commit }));
      case 'badPin':
        // The commit that says so is good: the floor and the keys move on with it, and the accepted state stays.
        await admission.accept(refusal.admitted);
        pinned = refusal.bad.pin.revision;
        refusals.refusePin(refusal.admitted.key, refusal.bad, now);
        return tellOnce(explain({ kind: 'badPin', bad: refusal.bad, commit, isKept }));
    }
  }

  function tellOnce(explained: Explained): void {
    const words = wordsOf(explained);
    status?.refused(words);
    if (words === toldRefusal) return;
    toldRefusal = words;
    tell(log, explained);
  }

  const flight = singleFlight((signal) =>
    poll(signal)
      // Only now, so that a newer commit gets there before the older one that waited for the contact.
      .then(onContact)
      .finally(() => admission.tellFreshness()),
  );
  return {
    ...flight,
    async resume() {
      if (!current) return;
      const { commit, pin } = current;
      policy = await options.policy?.();
      log.info(`enforcing ${shortRevision(commit)}${pinText(pin)}, accepted before`, { revision: commit });
      await enforce(current, await ownValues(), new Set());
    },
    lookAgain() {
      isToLookAgain = true;
    },
    linkUp: () => reconciler.linkUp(),
    dueIn: () => (current?.waiting ? staging.dueIn() : undefined),
  };
}
