import { own } from '../../lib/maps/own.ts';
import type { Memory } from '../../model/memory.ts';
import type { Cause, Withheld } from '../../model/plan.ts';
import type { Parkings } from '../../model/requirement.ts';
import type { DesiredApp, DesiredSite } from '../../model/state.ts';
import { type Retry, retryKey, type Subject } from '../../model/subject.ts';
import type { SiteVerdicts } from '../../model/sync-window.ts';
import { appDigest } from './goals.ts';

/** The way the planner is asked. An agent follows the policies of Git; a person at a laptop has decided already. */
export interface PlanOptions {
  /** `apply` by hand: `automated`, `selfHeal` and `suspend` hold nothing back. */
  byHand: boolean;
  /** `--prune`: prunes even where the policy does not allow it. */
  prune: boolean;
  /** Images with pull_policy always are pulled once per revision. `diff` leaves it out: a pull is no difference. */
  pullAlways: boolean;
  /** `down`: containers go because a person takes them down, not because Git does not name them. */
  down?: boolean;
  /** Another agent keeps this site, too: nothing is pruned until then, in monotonic milliseconds. */
  conflictUntil?: number | undefined;
  /** The answers of the sync windows now; absent: the site has none. */
  windows?: SiteVerdicts | undefined;
  /** The apps whose requirements this site does not meet. Absent: none, or nobody looked. */
  parked?: Parkings | undefined;
  /** Apps wait for none that they depend on: the plan is to show all that comes of a change, and not its order. */
  atOnce?: true | undefined;
}

export const agentOptions: PlanOptions = { byHand: false, prune: false, pullAlways: true };

/** An app waits with its changes for another one. plan/waits/ decides this. */
export interface Wait {
  /** The other app. */
  app: string;
  /** The same trouble has the same kind, whatever the words. `removal`: this app goes once the other one is gone. */
  kind: 'change' | 'down' | 'absent' | 'removal';
  withheld: Withheld;
}

/** By app. */
export type Waits = ReadonlyMap<string, Wait>;

/** The facts that policies are measured by, besides Git's. `now` is monotonic milliseconds. */
export interface Circumstances {
  memory: Memory;
  options: PlanOptions;
  now: number;
  waits: Waits;
}

/** The part of an operation that decides which policy may hold it back. Without a `retry` it waits for no backoff. */
export type Change = {
  cause: Cause;
  /**
   * Sync windows and `dependsOn` hold a change that Git asks for. `never`: not this one, since it heals, finishes or prepares something and changes nothing
   * that runs. `start`: a window holds it only until the app's change has begun. A window that closes in the middle lets the rest go on; only replacements
   * and removals wait.
   */
  windows?: 'never' | 'start' | undefined;
  /**
   * A reboot emptied the folder of secrets, so the engine could not start the container as it starts others: selfHeal has no say in what the agent does
   * in its place.
   */
  afterReboot?: boolean | undefined;
  /**
   * PreSync hooks that have yet to run come before all that sync windows would hold. `always`: before this as well; `never`: not before this.
   */
  hooks?: 'always' | 'never' | undefined;
} & ({ subject: Subject; retry: Pick<Retry, 'purpose' | 'goal'> } | { subject?: Subject; retry?: undefined });

/**
 * The first reason to hold a change of an app back, or undefined. `guard`: the app's plan would prune everything, or too much at once. It holds back
 * people, too: only Git can lift it.
 */
export function holdBack(
  change: Change,
  app: DesiredApp,
  site: Pick<DesiredSite, 'suspend'>,
  guard: Withheld | undefined,
  { memory, now, options, waits }: Circumstances,
): Withheld | undefined {
  const { automated } = app.sync;
  if (site.suspend && !options.byHand) return { by: 'suspend', text: 'the site is suspended' };
  if (app.suspend && !options.byHand) return { by: 'suspend', text: 'the app is suspended' };
  if (!automated && !options.byHand) return { by: 'automated', text: 'syncPolicy.automated is not set' };
  const parking = change.cause === 'requirement' ? undefined : options.parked?.get(app.name);
  if (parking) return { by: 'parked', text: parkedText(app.name, parking) };
  if (change.cause === 'prune' || change.cause === 'down') {
    if (!automated?.prune && !options.prune) return { by: 'prune', text: 'syncPolicy.automated.prune is not set' };
    if (guard) return guard;
    if (options.conflictUntil !== undefined) {
      return { by: 'conflict', text: 'somebody else keeps this site, too', until: options.conflictUntil };
    }
  }
  if (change.cause === 'drift' && !change.afterReboot && !automated?.selfHeal && !options.byHand) {
    return { by: 'selfHeal', text: 'syncPolicy.automated.selfHeal is not set' };
  }
  return (
    windowHold(change, app, memory, options) ??
    orderHold(change, app, memory, waits) ??
    (change.retry && waiting(change.subject, change.retry, memory, now))
  );
}

/** `pos is parked: needs /dev/ttyUSB0`. */
export const parkedText = (app: string, { reason }: { reason: string }): string => `${app} is parked: ${reason}`;

/** Healing what runs is not held, changing it is. */
function windowHold(change: Change, app: DesiredApp, memory: Memory, options: PlanOptions): Withheld | undefined {
  if ((change.cause !== 'revision' && change.cause !== 'prune') || change.windows === 'never') return undefined;
  const closed = closedWindow(app, options);
  if (!closed) return undefined;
  const hasBegun = change.windows === 'start' && own(memory.begun, app.name) === appDigest(app);
  return hasBegun ? undefined : closed;
}

/** A change begins after those of the apps that this one depends on, and is finished whatever becomes of them. */
function orderHold(change: Change, app: DesiredApp, memory: Memory, waits: Waits): Withheld | undefined {
  const wait = waits.get(app.name);
  if (!wait || !ORDERED.has(change.cause) || change.windows === 'never') return undefined;
  return own(memory.begun, app.name) === appDigest(app) ? undefined : wait.withheld;
}

const ORDERED: ReadonlySet<Cause> = new Set(['revision', 'prune', 'down']);

/** The reason to hold the changes of an app while its windows are closed. */
export function closedWindow(
  { name }: Pick<DesiredApp, 'name'>,
  { windows, byHand }: PlanOptions,
): Withheld | undefined {
  const verdict = windows?.apps.has(name) ? windows.apps.get(name) : windows?.others;
  if (!verdict || verdict.isOpen || (byHand && verdict.byHand)) return undefined;
  return { by: 'syncWindow', text: verdict.text, until: verdict.until, opens: verdict.opens };
}

/** The reason to make nothing of an app that the policy of the site refuses. Its containers go on, and are started when they stop. */
export function forbiddenHold({ forbidden }: Pick<DesiredApp, 'forbidden'>): Withheld | undefined {
  const [first] = forbidden?.problems ?? [];
  return first && { by: 'policy', text: first.message };
}

/** It ends by itself: others may count on it. */
export const endsByItself = (withheld: Withheld): boolean => withheld.by === 'backoff' || hasToBegin(withheld);

/** The change will begin later. Until then, what runs is healed as it is. */
export const hasToBegin = ({ by }: Withheld): boolean => by === 'syncWindow' || by === 'dependsOn' || by === 'syncHook';

/** Failures for another goal do not count: a new commit always supersedes a failing one at once. */
export function waiting(
  subject: Subject,
  { purpose, goal }: Pick<Retry, 'purpose' | 'goal'>,
  memory: Memory,
  now: number,
): Withheld | undefined {
  const backoff = memory.backoffs[retryKey(subject, purpose)];
  if (!backoff || backoff.goal !== goal || backoff.until <= now) return undefined;
  const times = backoff.failures === 1 ? 'once' : `${backoff.failures} times`;
  return {
    by: 'backoff',
    text: `tried ${times}, again in ${Math.ceil((backoff.until - now) / 1000)} s${backoff.error && `: ${backoff.error}`}`,
    until: backoff.until,
    error: backoff.error,
  };
}
