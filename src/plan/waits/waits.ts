import { own } from '../../lib/maps/own.ts';
import { shortestWay } from '../../lib/shortest-way.ts';
import type { AppPlan, Operation, Withheld } from '../../model/plan.ts';
import type { DesiredSite } from '../../model/state.ts';
import type { SiteFacts } from '../facts/app-facts.ts';
import type { Wait, Waits } from '../facts/policy.ts';
import { createOtherWaits } from './other-waits.ts';
import { type Unready, unfinished, unreadyApp, unreadyByContainers } from './readiness.ts';

/** Milliseconds until an app that comes up is looked at again, for engines whose events do not tell. */
const LOOK_MS = 5_000;

/**
 * Decides which apps wait with their changes for an app that they depend on, and which apps are removed later since another one depends on them. `plans` are
 * those of apps that wait for no other one: they tell which have something left to do.
 *
 * A `dependsOn` that would close a circle with another wait holds nothing. If two apps depend on each other, or the one that should wait has to let go of
 * something first, both would wait for ever.
 */
export function decideWaits(desired: DesiredSite, plans: readonly AppPlan[], facts: SiteFacts): Waits {
  const changing = plans.filter(({ operations }) => operations.some(isChange)).map(({ app }) => app);
  const waits = new Map<string, Wait>();
  if (changing.length === 0) return waits;
  const graph = graphOf(desired, facts);
  for (const name of changing) {
    for (const dependency of graph.ordered(name)) {
      const wait = !graph.isGone(name)
        ? untilReady(dependency, desired, plans, facts)
        : graph.isGone(dependency)
          ? untilRemoved(dependency, facts)
          : untilChanged(dependency, plans);
      if (!wait) continue;
      waits.set(name, wait);
      break;
    }
  }
  return waits;
}

const isChange = ({ cause, onlyIfFailed }: Operation): boolean =>
  (cause === 'revision' || cause === 'prune' || cause === 'down') && onlyIfFailed === undefined;

interface Graph {
  /** Git does not name the app any more, or a person takes it down. */
  isGone(app: string): boolean;
  /** The apps that an app comes after, without those that wait for it themselves. An app that goes comes after those that depended on it. */
  ordered(app: string): string[];
}

function graphOf(desired: DesiredSite, facts: SiteFacts): Graph {
  const { neighbours, memory, options } = facts;
  const named = new Set(desired.apps.map(({ name }) => name));
  const isGone = (name: string): boolean =>
    options.down === true || (!named.has(name) && own(desired.leftByFact, name) === undefined);

  const firstOf = new Map<string, string[]>();
  for (const { name, dependsOn = [] } of neighbours.apps) {
    const before = isGone(name)
      ? neighbours.apps.flatMap((other) => (own(memory.dependsOn, other.name)?.includes(name) ? [other.name] : []))
      : dependsOn.flatMap(({ app }) => (neighbours.isAbsent(app) ? [] : [app]));
    if (before.length > 0) firstOf.set(name, before);
  }
  const anyway = createOtherWaits(facts);
  const waitsFor = (name: string): string[] => {
    const app = neighbours.wanted(name);
    return [...(firstOf.get(name) ?? []), ...(app ? anyway(app) : [])];
  };
  return {
    isGone,
    ordered: (name) => (firstOf.get(name) ?? []).filter((other) => !shortestWay([other], name, waitsFor)),
  };
}

function untilReady(
  name: string,
  desired: DesiredSite,
  plans: readonly AppPlan[],
  { actual, memory, options, now }: SiteFacts,
): Wait | undefined {
  const plan = plans.find(({ app }) => app === name);
  const app = desired.apps.find((each) => each.name === name);
  const parking = options.parked?.get(name);
  const unready =
    app && plan
      ? unreadyApp(app, plan, actual, memory, parking)
      : unreadyByContainers(name, actual, whyAbsent(name, desired));
  return unready && waitFor(name, unready, now);
}

function whyAbsent(name: string, { broken, leftByFact }: DesiredSite): string | undefined {
  if (broken.some((each) => each.name === name)) return 'it cannot be used as it is in Git';
  return own(leftByFact, name);
}

const waitFor = (name: string, { kind, text, isSoon }: Unready, now: number): Wait => ({
  app: name,
  kind,
  withheld: held(`it waits for app ${name}: ${text}`, isSoon ? now + LOOK_MS : undefined),
});

function untilRemoved(dependant: string, { actual }: SiteFacts): Wait | undefined {
  if (!actual.containers.some(({ identity }) => identity.app === dependant)) return undefined;
  const text = `it waits until app ${dependant}, which depends on it, is removed`;
  return { app: dependant, kind: 'removal', withheld: held(text) };
}

/** The containers of the other app may still need the one that goes. */
function untilChanged(dependant: string, plans: readonly AppPlan[]): Wait | undefined {
  const plan = plans.find(({ app }) => app === dependant);
  if (!plan || !unfinished(plan.operations)) return undefined;
  const text = `it waits until the change of app ${dependant}, which depended on it, is done`;
  return { app: dependant, kind: 'removal', withheld: held(text) };
}

const held = (text: string, until?: number): Withheld => ({ by: 'dependsOn', text, until });
