import type { Problem } from '../../lib/errors.ts';
import type { ActualSite, DesiredApp } from '../../model/state.ts';
import { bindSources } from './containers.ts';

/**
 * Finds a path outside the app's folder that a container binds as the site's own and of which Git has a copy now, or the other way round:
 * the container would lose the data that it has there. An agent knows this earlier, from the state it accepted last; this is for programs
 * without a memory of the site. An adopted stack is checked when it is compiled.
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
