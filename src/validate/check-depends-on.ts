import type { CompiledSite } from '../compose/compile-fleet.ts';
import { absentProblem } from '../fleet/keys/depends-on.ts';
import type { Problem } from '../lib/errors.ts';
import { entry } from '../lib/maps/map-entry.ts';

/** An app that depends on one which is not on its site, with the sites where that is so. */
export interface AbsentDependency {
  problem: Problem;
  sites: string[];
}

/** Finds the apps that depend on one which Git does not place on their site. */
export function absentDependencies(compiled: readonly CompiledSite[]): AbsentDependency[] {
  const found = new Map<string, AbsentDependency>();
  for (const { placed, results } of compiled) {
    const { absent, site, elsewhere = [] } = placed;
    if (!absent) continue;
    for (const [app, result] of results) {
      if ('problems' in result) continue;
      for (const dependency of result.desired.dependsOn ?? []) {
        if (!absent.includes(dependency.app)) continue;
        const problem = absentProblem(app, dependency, [...elsewhere, ...results.keys()]);
        entry(found, JSON.stringify(problem), (): AbsentDependency => ({ problem, sites: [] })).sites.push(site);
      }
    }
  }
  return [...found.values()];
}
