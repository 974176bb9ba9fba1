import type { Clock } from '../../lib/clock.ts';
import { formatProblem } from '../../lib/errors.ts';
import type { AppPlan } from '../../model/plan.ts';
import type { ActualContainer, ActualSite, DesiredApp, DesiredService } from '../../model/state.ts';
import type { AppStatus, Health, Held, OperationPhase, ServiceStatus, Sync } from '../../model/status/site-status.ts';
import { heldThemselves, isConverged } from '../../plan/draft/withhold.ts';
import { claimantsOf, isCompleted, isUp } from '../../plan/facts/containers.ts';
import { parkedText } from '../../plan/facts/policy.ts';
import { steady } from '../reconcile/state-log.ts';

/** The three axes of an app, and what explains them: all that one plan tells. */
export type PlannedStatus = Pick<
  AppStatus,
  'app' | 'sync' | 'health' | 'operation' | 'revision' | 'problems' | 'held' | 'services'
>;

export interface PlannedApp {
  plan: AppPlan;
  /** undefined: Git no longer names it. */
  desired: DesiredApp | undefined;
  actual: ActualSite;
  /** Operations of it run now. */
  isRunning: boolean;
  /** Troubles that are not over, as the log has them: a service that is restarted for its health is not well meanwhile. */
  troubles: readonly string[];
}

/** The status of an app by its plan. `clock` turns the times of the planner into times for people. */
export function plannedStatus({ plan, desired, actual, isRunning, troubles }: PlannedApp, clock: Clock): PlannedStatus {
  const services = (desired?.services ?? []).map((service) => serviceStatus(plan.app, service, actual));
  const problems = [
    ...(plan.parked?.isDue ? [parkedText(plan.app, plan.parked)] : []),
    ...plan.problems.filter(({ severity }) => severity === 'error').map(formatProblem),
    ...services.flatMap(unwell),
    ...troubles,
  ];
  const held = heldOf(plan, clock);
  return {
    app: plan.app,
    sync: syncOf(plan),
    health: healthOf(plan, desired, services, troubles),
    operation: phaseOf(held, isRunning),
    revision: plan.revision,
    problems: [...new Set(problems)],
    held,
    services,
  };
}

const syncOf = (plan: AppPlan): Sync => (isConverged(plan) ? 'synced' : 'outOfSync');

function healthOf(
  plan: AppPlan,
  desired: DesiredApp | undefined,
  services: readonly ServiceStatus[],
  troubles: readonly string[],
): Health {
  if (desired?.suspend) return 'suspended';
  if (plan.parked?.isDue) return 'parked';
  if (plan.problems.some(({ severity }) => severity === 'error')) return 'degraded';
  if (troubles.length > 0 || services.some((service) => unwell(service).length > 0)) return 'degraded';
  const isThere = services.every(({ wanted, running, completed }) => running + completed >= wanted);
  if (isThere) return 'healthy';
  // An app that waits for another one comes after that one, whose own status says what is wrong.
  const isComing =
    plan.waits !== undefined || plan.operations.some(({ withheld, kind }) => !withheld && kind !== 'removeContainer');
  return isComing ? 'progressing' : 'missing';
}

function phaseOf(held: readonly Held[], isRunning: boolean): OperationPhase {
  if (isRunning) return 'running';
  if (held.some(({ by }) => by === 'backoff')) return 'failed';
  return held.length > 0 ? 'waiting' : 'none';
}

function heldOf({ operations }: AppPlan, clock: Clock): Held[] {
  const byText = new Map<string, Held>();
  for (const { withheld } of heldThemselves(operations)) {
    if (!withheld) continue;
    const { by, error, opens, until } = withheld;
    const text = error === undefined ? withheld.text : `${withheld.text}: ${error}`;
    const known = byText.get(text);
    const nextAt = until === undefined ? undefined : timeAt(until, clock);
    if (known) known.operations += 1;
    else byText.set(text, { by, text, operations: 1, opens, nextAt });
  }
  return [...byText.values()];
}

/** A moment of the monotonic clock, as the wall clock will show it if nobody sets it. */
const timeAt = (until: number, clock: Clock): string =>
  new Date(clock.wall().getTime() + Math.max(0, until - clock.monotonic())).toISOString();

function serviceStatus(app: string, { name: service, containers }: DesiredService, actual: ActualSite): ServiceStatus {
  const isSteady = steady(actual);
  const found = containers.map((wanted) => ({
    wanted,
    claimants: claimantsOf(actual.containers, { app, service, number: wanted.number }),
  }));
  const all = found.flatMap(({ claimants }) => claimants);
  return {
    service,
    wanted: containers.length,
    running: found.filter(({ claimants }) => claimants.some(isUp)).length,
    completed: found.filter(
      ({ wanted, claimants }) => !claimants.some(isUp) && claimants.some((each) => isCompleted(each, wanted)),
    ).length,
    unhealthy: all.filter((each) => (isUp(each) ? !isSteady(each) : hasFailed(each))).length,
    failedWith: all.find(hasFailed)?.exitCode,
    restarts: all.reduce((sum, { restartCount }) => sum + restartCount, 0),
  };
}

const hasFailed = ({ status, exitCode }: ActualContainer): boolean =>
  (status === 'exited' || status === 'restarting') && exitCode !== 0;

function unwell({ service, unhealthy, failedWith, wanted, running, restarts }: ServiceStatus): string[] {
  if (unhealthy === 0) return [];
  const exit = failedWith === undefined ? '' : `, exit ${failedWith}`;
  const again = restarts > 0 ? `, restarted ${restarts} ${restarts === 1 ? 'time' : 'times'}` : '';
  return [`${service}: ${unhealthy} of ${Math.max(wanted, running)} not well${exit}${again}`];
}
