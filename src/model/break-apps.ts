import type { Problem } from '../lib/errors.ts';
import type { DesiredSite } from './state.ts';

/** The site with some apps among the broken ones, by name: their last good state stays, and the other apps go on. */
export const breakApps = (site: DesiredSite, problems: ReadonlyMap<string, Problem>): DesiredSite =>
  problems.size === 0
    ? site
    : {
        ...site,
        apps: site.apps.filter(({ name }) => !problems.has(name)),
        broken: [
          ...site.broken,
          ...site.apps.flatMap(({ name, adopt }) => {
            const problem = problems.get(name);
            return problem ? [{ name, problems: [problem], ...(adopt && { adopt }) }] : [];
          }),
        ],
      };
