import type { Clock } from '../../lib/clock.ts';
import { formatProblem } from '../../lib/errors.ts';
import { own } from '../../lib/maps/own.ts';
import { byCodeUnit } from '../../lib/text/by-code-unit.ts';
import { shortRevision } from '../../lib/text/revision.ts';
import type { OperationResult } from '../../model/outcome.ts';
import type { OperationKind, Plan } from '../../model/plan.ts';
import type { ActualSite, BrokenApp, DesiredSite } from '../../model/state.ts';
import type { AppStatus, PolicyStatus, SiteStatus, Trouble } from '../../model/status/site-status.ts';
import { describe } from '../../plan/print/render.ts';
import type { History } from '../history/history.ts';
import type { Accepted } from '../state/accepted.ts';
import { type PlannedStatus, plannedStatus } from './app-status.ts';
import { verdictOf } from './verdict.ts';

/** Gathers what the parts of an agent know, and says at any time how the site is. It asks nobody: the newest that it was told counts. */
export interface StatusKeeper {
  /** Git has answered a poll. */
  contact(): void;
  /** Git cannot be read; undefined: it can. */
  unreadable(text: string | undefined): void;
  /** A newer commit is refused; undefined: none is. */
  refused(text: string | undefined): void;
  /** The state that is enforced from now on. `broken`: apps of its commit that stay as they were before. */
  accepted(state: Accepted, broken: readonly BrokenApp[]): void;
  policy(inForce: PolicyStatus): void;
  /** The engine does not tell what runs; undefined: it does. */
  unseen(text: string | undefined): void;
  planned(plan: Plan, actual: ActualSite, site: DesiredSite): void;
  /** Operations of an app have begun, or all have ended. */
  running(app: string, isRunning: boolean): void;
  result(app: string, result: OperationResult): void;
  now(): SiteStatus;
}

export interface StatusFacts {
  clock: Clock;
  site: string;
  program: string;
  repo: string;
  /** Why changes wait for their steps of the rollout now, by app. */
  waiting: () => ReadonlyMap<string, string>;
  /** Remembers what happens. */
  history: Pick<History, 'accepted' | 'refused' | 'saw' | 'healed' | 'failed' | 'done'>;
  /** The troubles of an app that are not over, in words. */
  troubles: (app: string) => string[];
}

interface Seen {
  plan: Plan;
  actual: ActualSite;
  site: DesiredSite;
}

type Lasting = Pick<AppStatus, 'since' | 'lastError' | 'healed'> & { axes: string };

export function createStatusKeeper({
  clock,
  site,
  program,
  repo,
  waiting,
  troubles,
  history,
}: StatusFacts): StatusKeeper {
  const wall = (): string => clock.wall().toISOString();
  const startedAt = wall();
  const git: Omit<SiteStatus['git'], 'repo'> = {};
  const engine: SiteStatus['engine'] = {};
  const busy = new Set<string>();
  const lasting = new Map<string, Lasting>();
  let policy: PolicyStatus = { profile: 'none' };
  let state: Accepted | undefined;
  let broken: readonly BrokenApp[] = [];
  let seen: Seen | undefined;

  const troubled = (before: Trouble | undefined, text: string | undefined): Trouble | undefined => {
    if (text === undefined) return undefined;
    return before?.text === text ? before : { text, since: wall() };
  };
  const lastingOf = (app: string): Lasting => {
    const known = lasting.get(app) ?? { axes: '', since: wall(), healed: { count: 0 } };
    lasting.set(app, known);
    return known;
  };
  const statuses = (): PlannedStatus[] => {
    if (!seen) return [];
    const { plan, actual, site: wanted } = seen;
    const problemsOf = brokenBy([...broken, ...wanted.broken]);
    const planned = plan.apps.map((app) => {
      const desired = wanted.apps.find(({ name }) => name === app.app);
      const status = plannedStatus(
        { plan: app, desired, actual, isRunning: busy.has(app.app), troubles: troubles(app.app) },
        clock,
      );
      return withBroken(status, problemsOf.get(app.app));
    });
    const never = [...problemsOf].filter(([name]) => planned.every(({ app }) => app !== name));
    return [...planned, ...never.map(([app, problems]) => neverRead(app, problems))].sort((a, b) =>
      byCodeUnit(a.app, b.app),
    );
  };
  /** Notes the time at which the axes of an app change. */
  const note = (): void => {
    const found = statuses();
    history.saw(found);
    for (const status of found) {
      const { sync, health, operation, app } = status;
      const known = lastingOf(app);
      const axes = `${sync} ${health} ${operation}`;
      if (axes !== known.axes) Object.assign(known, { axes, since: wall() });
      if (sync === 'synced') known.lastError = undefined;
    }
    for (const app of lasting.keys()) if (!found.some((status) => status.app === app)) lasting.delete(app);
  };
  const waitOf = (app: string, texts: ReadonlyMap<string, string>): AppStatus['waits'] => {
    const change = own(state?.waiting ?? {}, app);
    if (change === undefined) return undefined;
    const text = texts.get(app) ?? 'its change waits until Git has answered';
    return { revision: change?.revision ?? state?.commit ?? '', text };
  };
  const appsNow = (): AppStatus[] => {
    const texts = waiting();
    return statuses().map((status) => {
      const { since, lastError, healed } = lastingOf(status.app);
      return { ...status, since, lastError, healed, waits: waitOf(status.app, texts) };
    });
  };

  return {
    contact() {
      git.contactAt = wall();
    },
    unreadable(text) {
      git.trouble = troubled(git.trouble, text);
    },
    refused(text) {
      git.refused = troubled(git.refused, text);
      history.refused(text);
    },
    accepted(next, apps) {
      state = next;
      broken = apps;
      git.commit = next.commit;
      git.pinned = next.pin?.commit;
      history.accepted(next);
    },
    policy({ profile, digest }) {
      policy = { profile, digest };
    },
    unseen(text) {
      engine.trouble = troubled(engine.trouble, text);
    },
    planned(plan, actual, wanted) {
      seen = { plan, actual, site: wanted };
      Object.assign(engine, {
        product: `${actual.engine.product} ${actual.engine.version}`,
        seenAt: wall(),
        trouble: undefined,
      });
      note();
    },
    running(app, isRunning) {
      if (isRunning) busy.add(app);
      else busy.delete(app);
      note();
    },
    result(app, { status, operation, ...result }) {
      const known = lastingOf(app);
      const what = describe(operation);
      const revision = seen?.plan.apps.find((each) => each.app === app)?.revision;
      if (status === 'failed' && 'error' in result) {
        known.lastError = { text: `${what}: ${result.error.message}`, at: wall() };
        history.failed(app, revision, what, result.error.message);
      }
      if (status !== 'done') return;
      history.done(app, what);
      if (operation.cause !== 'drift' || !HEALS.has(operation.kind)) return;
      const text = `${what}: ${operation.reason}`;
      known.healed = { count: known.healed.count + 1, last: { text, at: wall() } };
      history.healed(app, revision, text);
    },
    now() {
      const known = { git: { repo, ...git }, engine: { ...engine }, apps: appsNow() };
      const agent = { version: program, startedAt };
      return { site, asOf: wall(), verdict: verdictOf(known), agent, policy, ...known };
    },
  };
}

/** The operations that end a difference; the others prepare them, or clean up. */
const HEALS: ReadonlySet<OperationKind> = new Set<OperationKind>([
  'startContainer',
  'updateContainer',
  'unpauseContainer',
  'connectNetwork',
  'renameContainer',
  'createNetwork',
  'createVolume',
  'writeFile',
]);

/** The problems of broken apps in words, by app, each once. */
function brokenBy(apps: readonly BrokenApp[]): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const { name, problems } of apps)
    found.set(name, [...new Set([...(found.get(name) ?? []), ...problems.map(formatProblem)])]);
  return found;
}

/** An app whose newest files cannot be used is not as Git says, however well it runs. */
function withBroken(status: PlannedStatus, problems: readonly string[] | undefined): PlannedStatus {
  if (!problems) return status;
  const text = `stays as it was at ${shortRevision(status.revision)}`;
  return {
    ...status,
    sync: 'outOfSync',
    problems: [...problems.map((problem) => `${problem}; ${text}`), ...status.problems],
  };
}

/** An app whose files could never be used: nothing of it runs. */
const neverRead = (app: string, problems: string[]): PlannedStatus => ({
  app,
  sync: 'outOfSync',
  health: 'missing',
  operation: 'none',
  revision: '',
  problems,
  held: [],
  services: [],
});
