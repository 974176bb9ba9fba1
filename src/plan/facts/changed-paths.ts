import type { Problem } from '../../lib/errors.ts';
import type { ActualSite, DesiredApp } from '../../model/state.ts';
import { bindSources } from './containers.ts';

/**
 * A path out of the app's folder that a container of the app binds as the site's own, and of which Git has a copy to give now, or the other way
 * round: what the container has there would vanish. An agent knows the same before, from what it accepted last; this is for those who have no memory
 * of the site. A stack that is adopted is asked about when it is compiled.
 */
export function changedPath(desired: DesiredApp, actual: Pick<ActualSite, 'containers'>): Problem | undefined {
  if (!desired.outside?.length) return undefined;
  const bound = new Set(
    actual.containers.flatMap(({ identity, adopted, spec }) =>
      identity.app === desired.name && !adopted ? bindSources(spec) : [],
    ),
  );
  for (const { from, site, copy, at } of desired.outside) {
    const before = from === 'git' ? site : copy;
    if (before === undefined || !bound.has(before)) continue;
    const [was, now] =
      from === 'git'
        ? [`the site's own ${site}`, `a copy of what Git has (${copy})`]
        : [`a copy of what Git had (${copy})`, `the site's own ${site}`];
    return {
      message: `a container of ${desired.name} binds ${was}, and would now bind ${now}: what it has there would vanish`,
      hint: 'name another path, or remove the container first if nothing there is needed',
      at,
    };
  }
  return undefined;
}
