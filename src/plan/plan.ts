import { defectProblem } from '../lib/errors.ts';
import type { Memory } from '../model/memory.ts';
import type { AppPlan, Plan } from '../model/plan.ts';
import type { ActualSite, DesiredApp, DesiredSite } from '../model/state.ts';
import { createContext } from './context.ts';
import { planAlwaysPulled } from './decide/needs.ts';
import { planFiles, removeStaleFiles, staleFiles } from './draft/files.ts';
import { orderHandOvers } from './draft/hand-over.ts';
import { orderJoinedRemovals } from './draft/joined-removals.ts';
import { planPrune, pruneGuard } from './draft/prune.ts';
import { planResources } from './draft/resources.ts';
import { appDigest } from './facts/app-digest.ts';
import { changedPath } from './facts/changed-paths.ts';
import { createNeighbours, type Neighbours } from './facts/neighbours.ts';
import type { PlanOptions } from './facts/policy.ts';
import { forsakenApp } from './facts/removed-app.ts';
import { adoptedOf, withDigests } from './memory/adopted.ts';
import { planServices } from './services.ts';

/**
 * What has to be done so that a site runs what it should: pure, and the only place where anything is decided. The same input gives the same
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
  // Engines list containers in an order of their own, which must not show in the plan.
  const containers = observed.containers
    .map((each) => withDigests(each, memory))
    .sort((a, b) => (a.name + a.id < b.name + b.id ? -1 : 1));
  const actual = { ...observed, containers };
  const guard = pruneGuard(desired, apps, actual);
  const guards = new Map(apps.map((app) => [app.name, { prune: guard(app) }]));
  const neighbours = createNeighbours(desired, apps, guards, memory, now, options);
  return {
    site: desired.site,
    revision: desired.revision,
    apps: apps.map((app) => guarded(app, () => planApp(desired.site, app, actual, memory, now, options, neighbours))),
  };
}

/** An app that throws has no plan, and says so; the others have theirs. */
function guarded(app: DesiredApp, make: () => AppPlan): AppPlan {
  try {
    return make();
  } catch (error) {
    const problem = { severity: 'error' as const, ...defectProblem(error, app.name) };
    return { app: app.name, revision: app.revision, operations: [], problems: [problem] };
  }
}

function planApp(
  site: string,
  desired: DesiredApp,
  actual: ActualSite,
  memory: Memory,
  now: number,
  options: PlanOptions,
  neighbours: Neighbours,
): AppPlan {
  const changed = changedPath(desired, actual);
  if (changed)
    return {
      app: desired.name,
      revision: desired.revision,
      operations: [],
      problems: [{ severity: 'error', ...changed }],
    };
  const digest = appDigest(desired);
  const context = createContext({ site, desired, digest, actual, memory, options, neighbours, now });
  planFiles(context);
  planResources(context);
  planAlwaysPulled(context);
  planServices(context);
  planPrune(context);
  removeStaleFiles(context);
  orderHandOvers(context);
  orderJoinedRemovals(context);
  const adopted = adoptedOf(context);
  return {
    app: desired.name,
    revision: desired.revision,
    operations: context.draft.finish(),
    problems: [
      ...(desired.missing ?? []).map((one) => ({ severity: 'warning' as const, ...one })),
      ...context.problems,
    ],
    ...(adopted.length > 0 && { adopted }),
  };
}

/** Apps of ours that run here and that Git no longer names for this site, nor fails to read: nothing is wanted of them any more. */
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
    ...forsakenApp(name, desired.revision, sync, name in memory.adopted),
    ...(elsewhere.has(name) && { isElsewhere: true }),
  }));
  return gone.filter((app) => here.includes(app.name) || staleFiles({ desired: app, actual, memory }).length > 0);
}
