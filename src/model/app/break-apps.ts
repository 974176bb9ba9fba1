import type { Problem } from '../../lib/errors.ts';
import type { DesiredSite } from '../state.ts';

/** Marks some apps of a site as broken, by name. Their last good state stays, and the other apps continue. */
export const breakApps = (site: DesiredSite, problems: ReadonlyMap<string, Problem | Problem[]>): DesiredSite =>
  problems.size === 0
    ? site
    : {
        ...site,
        apps: site.apps.filter(({ name }) => !problems.has(name)),
        broken: [
          ...site.broken,
          ...site.apps.flatMap(({ name, adopt }) => {
            const problem = problems.get(name);
            return problem ? [{ name, problems: [problem].flat(), adopt }] : [];
          }),
        ],
      };
