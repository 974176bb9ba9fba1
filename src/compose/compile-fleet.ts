import type { PlacedApp, PlacedSite } from '../model/fleet.ts';
import type { Snapshot } from '../model/snapshot.ts';
import type { DesiredSite } from '../model/state.ts';
import { compileOnce } from './compile-once.ts';
import { type CompileOne, compileOne, compileSite } from './compile-site.ts';
import type { CompileOptions } from './load/values/values.ts';

/** Sites that should run the same: equal apps, compiled from equal inputs, under equal rules. */
export interface SiteGroup {
  /** Their names, in the order in which they were compiled. */
  sites: string[];
  /** The desired state of the first one. That of the others differs in `site` alone. */
  desired: DesiredSite;
}

/** Compiles many sites. The cost grows with the inputs that differ, not with the number of sites. */
export interface FleetCompiler {
  /** The group that a site belongs to. Throws SourceError. */
  compile(placed: PlacedSite, files: Snapshot): Promise<SiteGroup>;
  /** All groups so far. */
  groups(): SiteGroup[];
}

/** `compile` compiles one app; it is called once for equal inputs. */
export function createFleetCompiler(options: CompileOptions, compile: CompileOne = compileOne): FleetCompiler {
  const once = compileOnce(compile);
  const groups = new Map<string, SiteGroup>();
  const numbers = new Map<object, number>();
  const numberOf = (result: object): number => {
    const number = numbers.get(result) ?? numbers.size;
    numbers.set(result, number);
    return number;
  };
  return {
    async compile(placed, files) {
      const { site, apps, ...rules } = placed;
      const results = new Map<PlacedApp, Awaited<ReturnType<CompileOne>>>();
      for (const app of apps) results.set(app, await once(app, site, files, options));
      const key = `${[...results.values()].map(numberOf).join(' ')} ${JSON.stringify(rules)}`;
      const known = groups.get(key);
      if (known) known.sites.push(site);
      if (known) return known;
      const compiled: CompileOne = async (app, ...rest) => results.get(app) ?? once(app, ...rest);
      const group = { sites: [site], desired: await compileSite(placed, files, options, new Map(), compiled) };
      groups.set(key, group);
      return group;
    },
    groups: () => [...groups.values()],
  };
}
