import { own } from '../../lib/maps/own.ts';
import type { Memory } from '../../model/memory.ts';
import type { ActualSite, DesiredSite } from '../../model/state.ts';
import { appDigest } from '../facts/goals.ts';

/**
 * The apps that each app depends on, as Git names them. While a change of an app is not done, what runs may still need those that Git named before, and so
 * may an app that Git gives no container any more and that still has some.
 */
export function rememberDependsOn(
  { dependsOn: before, applied }: Pick<Memory, 'dependsOn' | 'applied'>,
  site: DesiredSite,
  { containers }: Pick<ActualSite, 'containers'>,
): Memory['dependsOn'] {
  const settled = new Set(
    site.apps
      .filter((app) => app.services.length > 0 && own(applied, app.name) === appDigest(app))
      .map(({ name }) => name),
  );
  const here = new Set(containers.map(({ identity }) => identity.app));
  const next = new Map(Object.entries(dependsOnIn(site)));
  for (const [app, others] of Object.entries(before))
    if (here.has(app) && !settled.has(app)) next.set(app, [...new Set([...(next.get(app) ?? []), ...others])].sort());
  return Object.fromEntries(next);
}

/** The apps that each app of a site depends on. */
export const dependsOnIn = ({ apps }: Pick<DesiredSite, 'apps'>): Memory['dependsOn'] =>
  Object.fromEntries(
    apps.flatMap(({ name, dependsOn = [] }) =>
      dependsOn.length > 0 ? [[name, dependsOn.map(({ app }) => app).sort()] as const] : [],
    ),
  );
