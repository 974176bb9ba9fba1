import { own } from '../../lib/maps/own.ts';
import type { Cause, PlanProblem } from '../../model/plan.ts';
import type { ActualContainer } from '../../model/state.ts';
import { type Retry, type Subject, slotSubject } from '../../model/subject.ts';
import { type AppFacts, type Attempt, attempt } from '../facts/app-facts.ts';
import { isUp, refOf } from '../facts/containers.ts';
import { runsOnFor } from '../facts/others/holders.ts';
import { strangersOn } from '../facts/others/strangers.ts';
import { superfluous } from '../facts/prune-guard.ts';
import { NOT_HERE } from '../facts/removed-app.ts';
import type { AppDraft } from './app-draft.ts';
import type { Draft } from './draft.ts';
import { leaveOf, rejoinsOf, removalOf, stopOf } from './queries.ts';
import { preStop, preStopOf } from './slot/hooks.ts';

/**
 * Removes everything of the app that Git no longer names: containers, then networks, and volumes only on demand. Returns warnings for
 * people.
 */
export function draftPrune(app: AppDraft): PlanProblem[] {
  const { facts } = app;
  const going = superfluous(facts.desired, facts.actual);
  for (const container of going) pruneContainer(app, container);
  orderStops(app.draft, going);
  const problems = [...pruneNetworks(app), ...adoptedNetworks(facts)];
  if (facts.desired.pruneVolumes) pruneVolumes(app);
  return problems;
}

function pruneContainer({ facts, draft }: AppDraft, container: ActualContainer): void {
  const { desired, options } = facts;
  const { service } = container.identity;
  const replicas = desired.services.find(({ name }) => name === service)?.containers.length;
  const reason =
    replicas !== undefined
      ? `${service} has ${replicas} replica${replicas === 1 ? '' : 's'} now`
      : options.down
        ? 'taken down'
        : desired.isElsewhere
          ? NOT_HERE
          : `${service} is not in Git`;
  // A service that has fewer replicas now is no prune: a revision asks for it.
  const cause = replicas !== undefined ? 'revision' : pruning(facts);
  const subject = slotSubject(container.identity);
  const change = attempt(facts, { service, subject, cause, retry: GONE }, runsOnFor(facts, container));
  const shared = { container: refOf(container), reason, ...change };
  let after = rejoinsOf(draft, container.id);
  if (isUp(container)) {
    after = preStop(draft, container, preStopOf(facts, container), change, { reason, after });
    after = [draft.add({ kind: 'stopContainer', ...shared, after })];
  }
  draft.add({ kind: 'removeContainer', ...shared, force: container.status === 'dead', after });
}

/**
 * Dependents stop before the services they depend on, as with `docker compose down`. Git may no longer know who depends on what, so each container's
 * own label tells.
 */
export function orderStops(draft: Draft, going: readonly ActualContainer[]): void {
  for (const dependent of going) {
    for (const dependency of going) {
      if (!dependent.dependsOn?.includes(dependency.identity.service)) continue;
      const [first, then] = [stopOf(draft, dependent.id), stopOf(draft, dependency.id)];
      if (first !== undefined && then !== undefined) draft.order(first, then);
    }
  }
}

function pruneNetworks(app: AppDraft): PlanProblem[] {
  const { facts, draft } = app;
  const { desired, actual, site, options } = facts;
  const wanted = new Set(desired.networks.map(({ spec }) => spec.Name));
  const problems: PlanProblem[] = [];
  for (const [name, network] of Object.entries(actual.networks).sort(byName)) {
    if (network.owner?.site !== site || network.owner.app !== desired.name || wanted.has(name)) continue;
    const after = leaversOf(app, name);
    // A container has to go on using it for now, for a reason that is told elsewhere.
    if (!after) continue;
    const strangers = strangersOn(facts, name);
    if (strangers) {
      const message = `network ${name} stays: ${strangers.text} on it`;
      problems.push({ severity: 'warning', message, hint: strangers.hint });
      continue;
    }
    const reason = options.down ? 'taken down' : desired.isElsewhere ? NOT_HERE : 'not in Git';
    const change = removing(facts, { kind: 'network', name });
    draft.add({ kind: 'removeNetwork', networkId: network.id, name, reason, after, ...change });
  }
  return problems;
}

/** Networks that `docker compose` made are not ours to remove. People are told that they stay. */
function adoptedNetworks({ desired, actual, options }: AppFacts): PlanProblem[] {
  if (!desired.adopt) return [];
  const wanted = new Set(desired.networks.map(({ spec }) => spec.Name));
  return Object.entries(actual.networks)
    .sort(byName)
    .filter(([name, { project }]) => project === desired.name && !wanted.has(name))
    .map(([name]) => ({
      severity: 'warning',
      message: `network ${name}, which docker compose made${options.down ? '' : ' and Git does not name'}, stays`,
      hint: `docker network rm ${name} removes it`,
    }));
}

/** Operations after which no container of the app uses a network any more; undefined when one stays on it. */
function leaversOf({ facts, draft }: AppDraft, network: string): number[] | undefined {
  const users = facts.actual.containers.filter(
    ({ spec, identity }) => identity.app === facts.desired.name && own(spec.Networks, network),
  );
  const leavers = users.flatMap(({ id }) => removalOf(draft, id) ?? leaveOf(draft, id, network) ?? []);
  return leavers.length === users.length ? leavers : undefined;
}

function pruneVolumes({ facts, draft }: AppDraft): void {
  const { desired, actual, site, neighbours } = facts;
  // A volume that was given to another app is that one's.
  const wanted = new Set(neighbours.apps.flatMap(({ volumes }) => volumes.map(({ spec }) => spec.Name)));
  for (const [name, { owner }] of Object.entries(actual.volumes).sort(byName)) {
    if (owner?.site !== site || owner.app !== desired.name || wanted.has(name)) continue;
    const users = actual.containers.filter(({ spec }) => spec.Mounts?.some(({ Source }) => Source === name));
    const after = users.flatMap(({ id }) => removalOf(draft, id) ?? []);
    const reason = 'not in Git, and pruneVolumes is set';
    draft.add({ kind: 'removeVolume', name, reason, after, ...removing(facts, { kind: 'volume', name }) });
  }
}

const GONE = { purpose: 'converge', goal: 'gone', counts: 'failures' } as const satisfies Retry;

const pruning = ({ options }: AppFacts): Cause => (options.down ? 'down' : 'prune');

const removing = (facts: AppFacts, subject: Subject): Attempt =>
  attempt(facts, { subject, cause: pruning(facts), retry: GONE });

const byName = ([a]: [string, unknown], [b]: [string, unknown]): number => (a < b ? -1 : 1);
