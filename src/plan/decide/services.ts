import type { DesiredService } from '../../model/state.ts';
import { type AppFacts, attempt } from '../facts/app-facts.ts';
import { hooksRetry } from '../facts/goals.ts';
import { decide } from './decide.ts';
import type { Decision, Known, Pull, ServiceDecision } from './decision.ts';
import { isAnyHeld, joinedServices } from './needs.ts';
import { outlookOf } from './outlook.ts';
import type { ResourceDecisions } from './resources.ts';
import { rollout } from './rollout.ts';
import { holdsStart } from './slot/repairs.ts';
import { slotOf } from './slot/slot.ts';
import { slotFacts } from './slot/slot-facts.ts';

/** Decides all slots of an app, service by service, each after those it depends on or whose namespaces it joins. */
export function decideServices(
  facts: AppFacts,
  resources: ResourceDecisions,
  alwaysPulled: readonly Pull[],
): ReadonlyMap<string, ServiceDecision> {
  const services = new Map<string, ServiceDecision>();
  const known: Known = { facts, resources, alwaysPulled, services };
  for (const service of inOrder(facts.desired.services)) services.set(service.name, decideService(known, service));
  return services;
}

function decideService(known: Known, service: DesiredService): ServiceDecision {
  const { facts } = known;
  const slots = service.containers.map((wanted) => slotOf(known, service, wanted));
  const paced = rollout(facts, service, slots);
  const decisions = slots
    .map((slot) => decide(slot, slotFacts(known, slot, paced.get(slot.id.number))))
    .map((decision) => restartedWith(known, decision));
  const reason = decisions.find(({ kind }) => kind === 'blocked');
  return {
    service,
    decisions,
    blocked: reason?.kind === 'blocked' ? reason.reason : undefined,
    isHeld: decisions.some((decision) => isHeld(known, decision)),
  };
}

/**
 * `depends_on: restart: true`: a dependent that stays is stopped before the service that it depends on is replaced, or restarted for its
 * health, and is started after it. This order matters: a restart that only came afterwards would be forgotten if the pass was interrupted.
 */
function restartedWith({ facts, services }: Known, decision: Decision): Decision {
  if (decision.kind !== 'keep' || outlookOf(decision)?.has.completed) return decision;
  for (const { service, restart } of decision.slot.service.dependsOn) {
    const outlooks = restart ? (services.get(service)?.decisions.map(outlookOf) ?? []) : [];
    if (!outlooks.some((outlook) => outlook?.replaced || outlook?.restarted)) continue;
    const isNew = outlooks.some((outlook) => outlook?.replaced);
    const change = attempt(facts, {
      ...decision.slot.change,
      cause: 'dependency',
      hooks: isNew ? 'always' : 'never',
      retry: { purpose: 'converge', goal: 'restart', counts: 'failures' },
    });
    return { ...decision, with: { dependency: service, isNew, change } };
  }
  return decision;
}

/** The container of a slot will not be started in this pass, or its hooks will not run. */
function isHeld({ facts, services }: Known, decision: Decision): boolean {
  const { kind, change, slot } = decision;
  if (kind === 'completed' || kind === 'blocked') return false;
  if (kind === 'unpause') return change.withheld !== undefined;
  const hasHooks = slot.wanted.hooks?.postStart.length;
  const hooks =
    hasHooks && facts.hold({ ...change, cause: 'revision', windows: 'never', retry: hooksRetry(slot.wanted) });
  const areRepairsHeld = 'repairs' in decision && holdsStart(decision.repairs);
  if (kind === 'keep') {
    const restart = decision.with;
    if (restart && (restart.change.withheld || services.get(restart.dependency)?.isHeld)) return true;
    return decision.hooksFrom !== undefined && (Boolean(hooks) || areRepairsHeld);
  }
  const areNeedsHeld = 'needs' in decision && isAnyHeld(decision.needs);
  const isWatched = 'watched' in decision && decision.watched;
  return Boolean(change.withheld || hooks || areRepairsHeld || areNeedsHeld || isWatched);
}

/** Depth first by name; the compiler has refused circles, and `seen` keeps one from looping. */
function inOrder(services: readonly DesiredService[]): DesiredService[] {
  const byName = new Map(services.map((service) => [service.name, service]));
  const sorted: DesiredService[] = [];
  const seen = new Set<string>();
  const visit = (name: string): void => {
    const service = byName.get(name);
    if (!service || seen.has(name)) return;
    seen.add(name);
    for (const dependency of service.dependsOn) visit(dependency.service);
    for (const wanted of service.containers) joinedServices(wanted).forEach(visit);
    sorted.push(service);
  };
  for (const name of [...byName.keys()].sort()) visit(name);
  return sorted;
}
