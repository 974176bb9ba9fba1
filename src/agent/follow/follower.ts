import { EngineError, formatProblem, HoldfastError, InputError, SourceError, StateError } from '../../lib/errors.ts';
import { shortRevision } from '../../lib/text/revision.ts';
import type { Pin } from '../../model/fleet.ts';
import { pollForever } from '../../source/follow/retry.ts';
import type { Named, Polled } from '../../source/source.ts';
import { isByClock, TrustError } from '../../trust/trust-error.ts';
import type { Admission, Gate } from '../admission/admission.ts';
import type { AgentOptions } from '../agent-options.ts';
import type { Reconciler } from '../reconcile/reconciler.ts';
import type { Accepted, AcceptedStore } from '../state/accepted.ts';
import { desiredOf, gather } from './gather.ts';
import { createPinning, namedBy, pinFault, pinKey, pinnedText, pinText } from './pin.ts';

/** How long a commit that is too much is left alone: doubled each time. */
const FIRST_PUT_OFF = 3_600_000;
const LONGEST_PUT_OFF = 24 * 3_600_000;
/** How long after a pinned commit was not to be had it is asked for again. */
const PIN_AGAIN_MS = 15 * 60_000;

/** As Git writes it: REVISION:PATH. */
export const refOf = ({ revision, path }: AgentOptions): string => (path ? `${revision}:${path}` : revision);

/** Polls with jitter, so that a fleet does not ask in one moment; retries for ever, and says once that the link is gone or back. */
export function follow(follower: Follower, options: AgentOptions, signal: AbortSignal): Promise<void> {
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
      onLink: options.onLink,
      interval: () => intervalMs * (1 + clock.random() / 10),
      onFailure: (error) => {
        if (error.message === complaint || signal.aborted) return;
        complaint = error.message;
        if (error instanceof InputError) {
          over = "the site's own values can be read again";
          log.error(`${complaint}; what was accepted last is enforced meanwhile`);
          return;
        }
        if (error instanceof EngineError) {
          over = 'the engine tells again which stacks run here';
          log.warn(
            `cannot ask the engine for the stack to adopt: ${complaint}; what was accepted last is enforced meanwhile`,
          );
          return;
        }
        // It was read; this site has no place for it.
        const isOurs = error instanceof StateError || (error instanceof SourceError && error.kind === 'local');
        over = isOurs ? `what ${repo} says can be kept again` : `${repo} answers again`;
        log.warn(
          `cannot ${isOurs ? 'keep what' : 'read'} ${repo}${isOurs ? ' says' : ''}: ${complaint}; what was accepted last is enforced meanwhile`,
          {
            ...(error instanceof HoldfastError && { code: error.code }),
            ...(error instanceof SourceError && { kind: error.kind }),
          },
        );
      },
    },
  );
}

export interface Follower {
  /** Enforces what was accepted before, if anything was. */
  resume(): Promise<void>;
  /** The next poll judges again what was accepted or refused, although its commit is not new: a site's own files may make good what was broken. */
  judgeAgain(): void;
  /** One poll; a new commit is fetched, gathered, stored and only then enforced. Throws SourceError, StateError, EngineError. */
  once(signal: AbortSignal): Promise<void>;
  /** A poll that begins after this call: one that is under way may have asked before what is to be seen was there. */
  again(signal: AbortSignal): Promise<void>;
  linkUp(): void;
}

export function createFollower(
  options: AgentOptions,
  reconciler: Reconciler,
  store: AcceptedStore,
  current: Accepted | undefined,
  /** A part of what was accepted is lost, or it came from another place: the revision is fetched although its commit is not new. */
  isDoubtful: boolean,
  gate: Gate,
): Follower {
  const { source, log } = options;
  let busy: Promise<void> | undefined;
  let next: Promise<void> | undefined;
  /** What was refused last is neither fetched nor said again. */
  let refused: { key: string; pin?: string; until?: number } | undefined;
  /** The commit that was more than the site may take, and how often it was. */
  let tooMuch: { commit: string; times: number } | undefined;
  /** The pinned commit that was. */
  let tooMuchPinned: { commit: string; until: number; error: InputError | TrustError } | undefined;
  let complaint = '';
  /** What the Site pins, as far as it is known: looked up in the request of the poll. */
  let pinned = current?.pin?.revision;
  /** The commit with which `current` was accepted; one that was refused since may have been attempted. */
  let acceptedAt = current?.lastAttempted;
  /** The site's own settings and values that were compiled with last; undefined before anything was. */
  let compiledWith: string | undefined;
  /** Somebody may have mended a file of the site's while nobody looked. */
  let isToBeJudged = true;
  /** All apps are as their commit says. */
  let isWhole = false;

  /** `told`: apps whose problems were said already. */
  async function enforce(state: Accepted, told: ReadonlySet<string> = new Set()): Promise<void> {
    const compile = await options.compile();
    compiledWith = JSON.stringify(compile);
    const desired = await desiredOf(state, compile, options.territory);
    const revision = state.pin?.commit ?? acceptedAt;
    isWhole = desired.broken.length === 0 && Object.values(state.apps).every((app) => app.revision === revision);
    for (const { name, problems } of desired.broken) {
      if (told.has(name)) continue;
      for (const problem of problems) log.error(formatProblem(problem), { app: name });
    }
    for (const app of desired.apps)
      for (const warning of app.warnings) log.warn(formatProblem(warning), { app: app.name });
    reconciler.desire(desired);
  }

  /** Verified first, so that nothing is fetched, let alone read, of what nobody stands behind. */
  async function accept(commit: string, polled: Polled, signal: AbortSignal): Promise<void> {
    const admission = await gate.admit(commit, polled, signal);
    if (admission.refusals.length > 0) return refuse(admission, admission.refusals);
    const compile = await options.compile();
    compiledWith = JSON.stringify(compile);
    const snapshot = await source.fetch(commit, signal);
    const pinning = createPinning({
      source,
      snapshot,
      polled,
      asked: pinned,
      admit: (pin, named) => {
        if (tooMuchPinned?.commit === named.commit && options.clock.monotonic() < tooMuchPinned.until)
          throw tooMuchPinned.error;
        return gate.admitPin(named, admission, samePin(pin), signal);
      },
      signal,
    });
    try {
      const stacks = () => options.engine.stacks();
      const from = {
        url: options.repo,
        ref: refOf(options),
        site: options.site,
        compile,
        stacks,
        territory: options.territory,
        pinned: pinning.open,
      };
      await gate.requireAnnounced(snapshot, admission);
      const { accepted, broken } = await gather(snapshot, from, current);
      // The floor first: a power cut between the two leaves an older state that is enforced, and never one that can be gone back from.
      await gate.accept(admission);
      for (const text of await store.save(accepted)) log.warn(text);
      current = accepted;
      isDoubtful = false;
      pinned = accepted.pin?.revision;
      acceptedAt = commit;
      refused = undefined;
      complaint = '';
      for (const { name, problems } of broken) {
        const kept = accepted.apps[name]
          ? `; ${name} stays as it was at ${shortRevision(accepted.apps[name].revision)}`
          : '';
        const where = accepted.pin ? `${pinnedText(accepted.pin.revision, accepted.pin.commit)}: ` : '';
        for (const problem of problems) log.error(`${where}${formatProblem(problem)}${kept}`, { app: name });
      }
      log.info(`accepted ${shortRevision(commit)}${pinText(accepted.pin)}`, {
        revision: commit,
        ...(accepted.pin && { pinned: accepted.pin.commit }),
      });
      await enforce(accepted, new Set(broken.map(({ name }) => name)));
    } catch (error) {
      const pin = pinning.found();
      const fault = pin && pinFault(error, pin);
      if (pin && fault) return await refusePin(admission, pin, pinning.named(), fault);
      if (error instanceof TrustError) return refuse(admission, [error]);
      if (!(error instanceof InputError)) throw error;
      // It will not get better until somebody commits or changes the site's own values: it is not fetched again, and what was accepted before stays.
      for (const problem of error.problems) log.error(`${shortRevision(commit)} is refused: ${formatProblem(problem)}`);
      if (current) current = { ...current, lastAttempted: commit };
      refused = { key: admission.key };
    } finally {
      await pinning.dispose();
      await snapshot.dispose();
    }
  }

  /** The pin as it was accepted, where it is still the same. */
  const samePin = ({ revision }: Pin) =>
    current?.pin?.revision === revision && acceptedAt !== undefined ? { pin: current.pin, at: acceptedAt } : undefined;

  /**
   * What a Site pins cannot be had. The commit that says so is good all the same: the floor and the keys move on with it. What was accepted before
   * stays, and the pin is looked at again when it names something else.
   */
  async function refusePin(
    admission: Admission,
    pin: Pin,
    named: Named | undefined,
    error: TrustError | InputError,
  ): Promise<void> {
    await gate.accept(admission);
    pinned = pin.revision;
    const now = options.clock.monotonic();
    // Each commit of what is followed would ask for it again.
    const isTooMuch = error.cause instanceof SourceError && error.cause.kind !== 'notFound';
    if (named && isTooMuch) tooMuchPinned = { commit: named.commit, until: now + LONGEST_PUT_OFF, error };
    // A commit that is named by its ID may be pushed later, and no ref tells of it; a key may be valid later.
    const mayCome = error instanceof TrustError ? isByClock(error) : named?.commit === pin.revision && !isTooMuch;
    refused = { key: admission.key, pin: pinKey(named, pinned), ...(mayCome && { until: now + PIN_AGAIN_MS }) };
    const kept = current ? '; what was accepted before is enforced meanwhile' : '';
    const messages =
      error instanceof InputError
        ? error.problems.map(formatProblem)
        : [formatProblem({ at: pin.at, message: error.message })];
    const what = pinnedText(pin.revision, named?.commit);
    const said = messages.map((message) => `what the site pins, ${what}, is refused: ${message}${kept}`);
    if (said.join() === complaint) return;
    complaint = said.join();
    for (const text of said) {
      log.error(text, {
        code: error.code,
        ...(error instanceof TrustError && { kind: error.kind }),
        revision: admission.commit,
        ...(named && { pinned: named.commit }),
      });
    }
  }

  /**
   * What went beyond a limit goes there again, and may cost as much each time; a path that is refused stays one. Such a commit is asked for ever more
   * rarely, and its successor no later than that. All else is thrown on.
   */
  async function putOff(error: unknown, commit: string, polled: Polled): Promise<void> {
    if (!(error instanceof SourceError) || (error.kind !== 'limit' && error.kind !== 'path')) throw error;
    const times = tooMuch?.commit === commit ? tooMuch.times + 1 : 1;
    tooMuch = { commit, times };
    const wait = Math.min(FIRST_PUT_OFF * 2 ** (times - 1), LONGEST_PUT_OFF);
    const key = await gate.key(commit, polled);
    refuse({ commit, key, until: options.clock.monotonic() + wait, refusals: [] }, [error]);
  }

  function refuse({ commit, key, until }: Admission, errors: readonly (TrustError | SourceError)[]): void {
    refused = { key, ...(until !== undefined && { until }) };
    const kept = current ? '; what was accepted before is enforced meanwhile' : '';
    const said = errors.map(({ message }) => `${shortRevision(commit)} is refused: ${message}${kept}`);
    if (said.join() === complaint) return;
    complaint = said.join();
    for (const [index, { code, kind }] of errors.entries())
      log.error(said[index] ?? '', { code, kind, revision: commit });
  }

  /** Whether looking at it again would tell nothing new. */
  const isRefused = async (commit: string, polled: Polled): Promise<boolean> =>
    refused !== undefined &&
    refused.key === (await gate.key(commit, polled)) &&
    (refused.pin === undefined || refused.pin === pinKey(namedBy(polled), pinned)) &&
    (refused.until === undefined || options.clock.monotonic() < refused.until);

  /** The same commit as before, and a pin of it that names another one now, or has to be judged by other keys. */
  const isPinNew = async (polled: Polled): Promise<boolean> => {
    const pin = current?.pin;
    if (!pin || pin.revision !== pinned) return false;
    return namedBy(polled)?.commit !== pin.commit || (await gate.isPinOutdated(pin));
  };

  function once(signal: AbortSignal): Promise<void> {
    busy ??= (async () => {
      const polled = await source.poll(signal, pinned);
      const commit = await gate.target(polled, signal);
      if (compiledWith !== undefined && JSON.stringify(await options.compile()) !== compiledWith) {
        log.info("the site's own values changed");
        // An app that could not be compiled before may compile now.
        refused = undefined;
        isDoubtful = true;
      }
      if (isToBeJudged) {
        refused = undefined;
        isDoubtful ||= !isWhole;
        isToBeJudged = false;
      }
      const isNew = isDoubtful || commit !== current?.lastAttempted || (await isPinNew(polled));
      if (!isNew) {
        pinned = current?.pin?.revision;
        await gate.recheck(polled, signal);
      }
      if (isNew && !(await isRefused(commit, polled)))
        await accept(commit, polled, signal).catch((error: unknown) => putOff(error, commit, polled));
    })().finally(async () => {
      busy = undefined;
      await gate.watchFreshness();
    });
    return busy;
  }

  return {
    async resume() {
      if (!current) return;
      log.info(`enforcing ${shortRevision(current.lastAttempted)}${pinText(current.pin)}, accepted before`, {
        revision: current.lastAttempted,
      });
      await enforce(current);
    },
    once,
    again(signal) {
      if (!busy) return once(signal);
      const poll = (): Promise<void> => {
        next = undefined;
        return once(signal);
      };
      next ??= busy.then(poll, poll);
      return next;
    },
    judgeAgain() {
      isToBeJudged = true;
    },
    linkUp: () => reconciler.linkUp(),
  };
}
