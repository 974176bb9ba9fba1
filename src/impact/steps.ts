import { changeSets, type Ties } from '../compose/change-sets.ts';
import { heldOf } from '../compose/claims.ts';
import type { CompiledSite } from '../compose/compile-fleet.ts';
import { longerOf } from '../fleet/keys/rollout.ts';
import type { SiteStep } from '../model/fleet.ts';
import type { AppImpact, SiteImpact } from './impact.ts';

/** The step in which the change of an app begins on a site, and the apps that begin with it. */
export type AppStep = Pick<AppImpact, 'step' | 'together'>;

/** Apps whose changes begin together. Equal impacts have the same ones. */
export function setsOf({ apps }: SiteImpact, from: CompiledSite, to: CompiledSite): string[][] {
  const changing = apps.filter(isChange).map(({ app }) => app);
  return changing.length < 2
    ? changing.map((app) => [app])
    : changeSets(changing.map((name) => ({ name, before: tiesOf(from, name), after: tiesOf(to, name) })));
}

/** The step of each app of an impact, as an agent would have it: that of the app in its set that makes the site wait longest. */
export function stepsOf(
  { apps }: SiteImpact,
  sets: readonly string[][],
  from: CompiledSite,
  to: CompiledSite,
): AppStep[] {
  const own = (app: string): SiteStep | undefined =>
    to.results.has(app) ? longerOf(from.steps.get(app), to.steps.get(app)) : (from.steps.get(app) ?? to.placed.step);
  return apps.map((each): AppStep => {
    if (!isChange(each)) return {};
    const set = sets.find((names) => names.includes(each.app)) ?? [each.app];
    const step = set.map(own).reduce(longerOf);
    const others = set.filter((name) => name !== each.app);
    return step ? { step, together: others.length > 0 ? others : undefined } : {};
  });
}

const isChange = ({ changes, requires }: AppImpact): boolean => changes.length > 0 || requires !== undefined;

function tiesOf({ results }: CompiledSite, name: string): Ties | undefined {
  const result = results.get(name);
  if (!result || 'problems' in result) return undefined;
  const { claims, desired } = result;
  return {
    claims: claims.map(heldOf),
    services: desired.services.map((service) => service.name),
    dependsOn: desired.dependsOn?.map(({ app }) => app) ?? [],
  };
}
