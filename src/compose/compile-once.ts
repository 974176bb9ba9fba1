import { own } from '../lib/own.ts';
import type { PlacedApp } from '../model/fleet.ts';
import type { Snapshot } from '../model/snapshot.ts';
import { keptSnapshot } from '../source/kept-snapshot.ts';
import { createWitnesses, type Witness } from '../source/witness.ts';
import { type CompileOne, compileOne } from './compile-site.ts';
import type { CompileOptions } from './load/values/values.ts';

interface Known {
  result: Awaited<ReturnType<CompileOne>>;
  /** The files that it was compiled from. */
  read: Witness;
}

/** The results of one app with the same settings: first by the names that it asked for, then by their values. */
type ByAsked = Map<string, { names: readonly string[]; byValues: Map<string, Known[]> }>;

/**
 * Compiles each app once for all sites and revisions that give it the same inputs: the same settings, files of the same content, and the same values for the
 * names that it asks for. Compiling reads nothing else, so the result is the same one, and not only an equal one; its `revision` is the first that had it. All
 * calls need the same options, without `before`.
 */
export function compileOnce(compile: CompileOne = compileOne): CompileOne {
  const apps = new Map<string, ByAsked>();
  const kept = new Map<Snapshot, Snapshot>();
  const witnesses = createWitnesses();
  return async (app, site, snapshot, options) => {
    const files = entry(kept, snapshot, () => keptSnapshot(snapshot));
    // The step of a rollout decides when the app begins, and not how it is.
    const { values, step: _, ...settings } = app;
    const byAsked = entry(apps, JSON.stringify(settings), (): ByAsked => new Map());
    for (const { names, byValues } of byAsked.values()) {
      for (const { result, read } of byValues.get(answers(names, site, values)) ?? []) {
        if (await witnesses.holds(read, files)) return result;
      }
    }
    const asked = new Set<string>();
    const recorder = witnesses.record(files);
    const result = await compile(app, site, recorder.snapshot, heard(options, asked));
    const names = [...asked].sort();
    const { byValues } = entry(byAsked, names.join(' '), () => ({ names, byValues: new Map<string, Known[]>() }));
    entry(byValues, answers(names, site, values), (): Known[] => []).push({ result, read: await recorder.witness() });
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
