import { defectProblem, type Problem } from '../lib/errors.ts';
import type { Memory } from '../model/memory.ts';
import type { AppPlan, Plan, PlanProblem } from '../model/plan.ts';
import type { Parking } from '../model/requirement.ts';
import type { ActualSite, DesiredApp, DesiredSite } from '../model/state.ts';
import { staleFiles } from './decide/files.ts';
import { decideChange } from './decide/hooks/decide-change.ts';
import { decideAlwaysPulled } from './decide/pulls.ts';
import { decideResources } from './decide/resources.ts';
import { decideServices } from './decide/services.ts';
import { stuckTurn } from './decide/stuck-turn.ts';
import type { AppDraft, SlotDraft } from './draft/app-draft.ts';
import { createDraft } from './draft/draft.ts';
import { draftStops, withholdForbidden } from './draft/forbidden.ts';
import { draftLaterHooks, draftPreSync, orderAfterHooks } from './draft/hooks/around-change.ts';
import { orderHandOvers } from './draft/order/hand-over.ts';
import { orderJoinedRemovals } from './draft/order/joined-removals.ts';
import { removeStaleFiles } from './draft/order/stale-files.ts';
import { draftParking } from './draft/park.ts';
import { withholdPreparations } from './draft/preparations.ts';
import { draftPrune } from './draft/prune.ts';
import { removalOf } from './draft/queries.ts';
import { draftPull, draftResources } from './draft/resources.ts';
import { draftSlot } from './draft/slot/slot.ts';
import { type AppFacts, appFacts, type SiteFacts } from './facts/app-facts.ts';
import { changedPath } from './facts/changed-paths.ts';
import { isUp } from './facts/containers.ts';
import { createNeighbours } from './facts/neighbours.ts';
import { closedWindow, type PlanOptions, type Waits } from './facts/policy.ts';
import { pruneGuard } from './facts/prune-guard.ts';
import { removedApp } from './facts/removed-app.ts';
import { withDigests } from './memory/adopted.ts';
import { withParked } from './memory/parked.ts';
import { decideWaits } from './waits/waits.ts';

/**
 * Plans the operations after which a site runs what it should. This is pure, and the only place where anything is decided. The same input gives the same
 * plan; a site that is as it should be gives one without operations. `now` is monotonic milliseconds, for backoffs.
 */
export function plan(
  desired: DesiredSite,
  observed: ActualSite,
  memory: Memory,
  now: number,
  options: PlanOptions,
): Plan {
  const apps = [...desired.apps, ...vanishedApps(desired, observed, memory)].sort((a, b) => (a.name < b.name ? -1 : 1));
  // Engines list containers in any order, which must not show in the plan.
  const containers = observed.containers
    .map((each) => withParked(withDigests(each, memory), memory))
    .sort((a, b) => (a.name + a.id < b.name + b.id ? -1 : 1));
  const actual = { ...observed, containers };
  const parked = new Map([...(options.parked ?? []), ...leftByFact(desired)]);
  const guard = pruneGuard(
    desired,
    apps.filter(({ name }) => !parked.has(name)),
    actual,
  );
  const factsWith = (waits: Waits): SiteFacts => {
    const circumstances = { memory, options: { ...options, parked }, now, waits };
    const neighbours = createNeighbours(desired, apps, guard, circumstances);
    return { site: desired.site, actual, neighbours, ...circumstances };
  };
  const planWith = (site: SiteFacts): AppPlan[] => apps.map((app) => guarded(site, app));

  // Each app as if it waited for no other one: that tells which of them have something left to do.
  const alone = factsWith(new Map());
  const plans = planWith(alone);
  const waits: Waits = options.atOnce ? alone.waits : decideWaits(desired, plans, alone);
  return { site: desired.site, revision: desired.revision, apps: waits.size > 0 ? planWith(factsWith(waits)) : plans };
}

/** An app whose plan throws has an error instead of operations. The other apps have their plans. */
function guarded(site: SiteFacts, app: DesiredApp): AppPlan {
  try {
    const changed = changedPath(app, site.actual);
    return changed ? unplanned(app, changed) : planApp(appFacts(site, app));
  } catch (error) {
    return unplanned(app, defectProblem(error, app.name));
  }
}

const unplanned = ({ name, revision }: DesiredApp, problem: Problem): AppPlan => ({
  app: name,
  revision,
  operations: [],
  problems: [{ severity: 'error', ...problem }],
});

function planApp(facts: AppFacts): AppPlan {
  const { desired, actual } = facts;
  if (desired.forbidden?.isStopped) return planStopped(facts);
  const parking = facts.options.parked?.get(desired.name);
  if (parking) return parkApp(facts, parking);

  // Decide. A slot is compared with the networks and files as they will be, so that these are decided first.
  const resources = decideResources(facts);
  const pulls = decideAlwaysPulled(facts);
  const services = decideServices(facts, resources, pulls);
  const known = { facts, resources, alwaysPulled: pulls, services };
  const hooks = decideChange(known);

  // Draft. Each step refers to operations of the earlier ones: a container needs its networks, and its slot those it depends on.
  const draft = createDraft();
  const drafted = new Map<string, SlotDraft[]>();
  const app: AppDraft = { facts, draft, services: drafted };
  draftResources(draft, facts, resources);
  for (const pull of pulls) draftPull(draft, pull);
  for (const [name, { decisions }] of services) {
    const slots = decisions.flatMap((decision) => draftSlot(app, decision) ?? []);
    drafted.set(name, slots);
  }
  const preSync = draftPreSync(app, hooks);
  const pruned = draftPrune(app);

  // Order. All stops and removals are known only now.
  removeStaleFiles(app, resources, services);
  orderHandOvers(app);
  orderJoinedRemovals(app);
  orderAfterHooks(app, hooks, preSync);
  const hookProblems = draftLaterHooks(app, known, hooks);
  withholdForbidden(app);

  const finished = draft.finish();
  const stuck = stuckTurn(services, finished);
  if (stuck !== undefined) return planApp({ ...facts, unpaced: new Set([...facts.unpaced, stuck]) });

  const missing = (desired.missing ?? []).map((one) => ({ severity: 'warning' as const, ...one }));
  const decided = [...services.values()].flatMap(({ decisions }) => decisions.flatMap(({ problems }) => problems));
  const adopted = actual.containers.filter(
    ({ identity, adopted, id }) => adopted && identity.app === desired.name && removalOf(draft, id) === undefined,
  );
  const isHeld = finished.some(({ withheld }) => withheld?.by === 'dependsOn');
  const wait = isHeld ? facts.waits.get(desired.name) : undefined;
  const operations = withholdPreparations(finished, closedWindow(desired, facts.options), wait?.withheld);
  return {
    app: desired.name,
    revision: desired.revision,
    operations,
    problems: [
      ...degraded(desired),
      ...missing,
      ...dependsOnNothing(facts),
      ...once([...resources.problems, ...decided, ...pruned, ...hookProblems]),
    ],
    adopted: adopted.length > 0 ? adopted.map(({ name }) => name) : undefined,
    waits: wait && { app: wait.app, kind: wait.kind, text: wait.withheld.text },
  };
}

/** Apps that Git does not place on this site. The app goes on without them. */
const dependsOnNothing = ({ desired: { dependsOn = [] }, neighbours }: AppFacts): PlanProblem[] =>
  dependsOn.flatMap(({ app, at }) => {
    if (!neighbours.isAbsent(app)) return [];
    const message = `depends on ${app}, which is not placed on this site, and goes on without it`;
    return [{ severity: 'warning', at, message, hint: `take ${app} out of dependsOn, or place it on this site` }];
  });

/** Apps that only a fact of the site keeps away: another engine or machine brings them back, so that nothing of them is removed. */
function leftByFact({ apps, leftByFact: left = {} }: DesiredSite): [string, Parking][] {
  const gone = Object.entries(left).filter(([name]) => apps.every((app) => app.name !== name));
  return gone.map(([name, reason]) => [name, { reason, stops: true }]);
}

/** The policy of the site has an app stopped. Only what Git no longer names is removed. */
function planStopped(facts: AppFacts): AppPlan {
  const draft = createDraft();
  const app: AppDraft = { facts, draft, services: new Map() };
  draftStops(app);
  const pruned = draftPrune(app);
  const { name, revision } = facts.desired;
  return { app: name, revision, operations: draft.finish(), problems: [...degraded(facts.desired), ...once(pruned)] };
}

const degraded = ({ forbidden }: DesiredApp): PlanProblem[] =>
  (forbidden?.problems ?? []).map(({ message, hint }) => ({
    severity: 'error',
    message: `Degraded: ${message}`,
    hint,
  }));

/** An app that its site cannot run: it is stopped, if it has to be, and else left as it is. */
function parkApp(facts: AppFacts, { reason, stops, stopsAt }: Parking): AppPlan {
  const { name: app, revision } = facts.desired;
  const draft = createDraft();
  if (stops) draftParking(facts, draft, reason);
  const isDue =
    stopsAt === undefined || !facts.actual.containers.some((each) => each.identity.app === app && isUp(each));
  return { app, revision, operations: draft.finish(), problems: degraded(facts.desired), parked: { reason, isDue } };
}

/** An error is told once, a warning once for each service. */
function once(problems: readonly PlanProblem[]): PlanProblem[] {
  const told = new Set<string>();
  return problems.filter(({ severity, service, message }) => {
    const key = severity === 'error' ? message : `${service} ${message}`;
    return !told.has(key) && told.add(key);
  });
}

/** Apps of ours that run here, that Git no longer names for this site and that are not broken. Everything of them goes. */
function vanishedApps(desired: DesiredSite, actual: ActualSite, memory: Memory): DesiredApp[] {
  const sync = desired.vanished;
  if (!sync) return [];
  const known = new Set([...desired.apps, ...desired.broken].map(({ name }) => name));
  const owners = [
    ...actual.containers.map(({ identity }) => identity),
    ...Object.values(actual.networks).flatMap(({ owner }) => owner ?? []),
  ];
  const here = owners.flatMap(({ site, app }) => (site === desired.site ? [app] : []));
  const names = new Set([...here, ...Object.keys(memory.files)].filter((app) => !known.has(app)));
  const elsewhere = new Set(desired.elsewhere);
  const gone = [...names].map((name) => ({
    ...removedApp(name, desired.revision, sync, name in memory.adopted),
    isElsewhere: elsewhere.has(name),
  }));
  return gone.filter((app) => here.includes(app.name) || staleFiles({ desired: app, actual, memory }).length > 0);
}
