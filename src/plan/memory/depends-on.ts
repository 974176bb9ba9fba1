import type { Memory } from '../../model/memory.ts';
import type { ActualSite, DesiredSite } from '../../model/state.ts';

/** The apps that each app depends on, as Git names them; and as it named them last, of apps that Git gives no container any more and that still have some. */
export function rememberDependsOn(
  before: Memory['dependsOn'],
  site: DesiredSite,
  { containers }: Pick<ActualSite, 'containers'>,
): Memory['dependsOn'] {
  const named = new Set(site.apps.flatMap(({ name, services }) => (services.length > 0 ? [name] : [])));
  const here = new Set(containers.map(({ identity }) => identity.app));
  const kept = Object.entries(before).filter(([app]) => here.has(app) && !named.has(app));
  return { ...Object.fromEntries(kept), ...dependsOnIn(site) };
}

/** The apps that each app of a site depends on. */
export const dependsOnIn = ({ apps }: Pick<DesiredSite, 'apps'>): Memory['dependsOn'] =>
  Object.fromEntries(
    apps.flatMap(({ name, dependsOn = [] }) =>
      dependsOn.length > 0 ? [[name, dependsOn.map(({ app }) => app)] as const] : [],
    ),
  );
