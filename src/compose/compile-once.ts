import { own } from '../lib/own.ts';
import type { PlacedApp } from '../model/fleet.ts';
import type { Snapshot } from '../model/snapshot.ts';
import { keptSnapshot } from '../source/kept-snapshot.ts';
import { type CompileOne, compileOne } from './compile-site.ts';
import type { CompileOptions } from './load/values/values.ts';

type Result = Awaited<ReturnType<CompileOne>>;

/** The results of one app with the same files and settings: first by the names that it asked for, then by their values. */
type ByAsked = Map<string, { names: readonly string[]; byValues: Map<string, Result> }>;

/**
 * Compiles each app once for all sites that give it the same inputs: the same files, the same settings, and the same values for the names that it asks
 * for. Compiling reads nothing else of a site, so the result is the same one, and not only an equal one. All calls need the same options, without
 * `before`.
 */
export function compileOnce(compile: CompileOne = compileOne): CompileOne {
  const known = new Map<Snapshot, { files: Snapshot; apps: Map<string, ByAsked> }>();
  return async (app, site, snapshot, options) => {
    const { values, ...settings } = app;
    const { files, apps } = entry(known, snapshot, () => ({ files: keptSnapshot(snapshot), apps: new Map() }));
    const byAsked = entry(apps, JSON.stringify(settings), (): ByAsked => new Map());
    for (const { names, byValues } of byAsked.values()) {
      const found = byValues.get(answers(names, site, values));
      if (found) return found;
    }
    const asked = new Set<string>();
    const result = await compile(app, site, files, heard(options, asked));
    const names = [...asked].sort();
    const group = entry(byAsked, names.join(' '), () => ({ names, byValues: new Map<string, Result>() }));
    group.byValues.set(answers(names, site, values), result);
    return result;
  };
}

const heard = (options: CompileOptions, asked: Set<string>): CompileOptions => ({
  ...options,
  onAsked: (name) => {
    asked.add(name);
    options.onAsked?.(name);
  },
});

/** All that a site answers to these names. The other values of an app are the same on every site. */
const answers = (names: readonly string[], site: string, values: PlacedApp['values']): string =>
  JSON.stringify(names.map((name) => (name === 'HOLDFAST_SITE' ? site : (own(values, name) ?? null))));

function entry<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const found = map.get(key);
  if (found !== undefined) return found;
  const made = make();
  map.set(key, made);
  return made;
}
