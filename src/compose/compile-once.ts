import { entry } from '../lib/maps/map-entry.ts';
import { own } from '../lib/maps/own.ts';
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
  const settings = numberedSettings();
  const apps = new Map<number, ByAsked>();
  const kept = new Map<Snapshot, Snapshot>();
  const witnesses = createWitnesses();
  return async (app, site, snapshot, options) => {
    const files = entry(kept, snapshot, () => keptSnapshot(snapshot));
    const byAsked = entry(apps, settings(app), (): ByAsked => new Map());
    for (const { names, byValues } of byAsked.values()) {
      for (const { result, read } of byValues.get(answers(names, site, app)) ?? []) {
        const holds = witnesses.holds(read, files);
        if (typeof holds === 'boolean' ? holds : await holds) return result;
      }
    }
    const asked = new Set<string>();
    const recorder = witnesses.record(files);
    const result = await compile(app, site, recorder.snapshot, heard(options, asked));
    const names = [...asked].sort();
    const { byValues } = entry(byAsked, names.join(' '), () => ({ names, byValues: new Map<string, Known[]>() }));
    entry(byValues, answers(names, site, app), (): Known[] => []).push({ result, read: await recorder.witness() });
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

/** The keys of an app that are no settings. The step of a rollout decides when the app begins, and not how it is. */
const OWN_KEYS: readonly string[] = ['values', 'ofSite', 'step'] satisfies (keyof PlacedApp)[];

/** Gives the settings of an app a number: the same for equal settings. */
function numberedSettings(): (app: PlacedApp) => number {
  const byText = new Map<string, number>();
  // Sites of one revision that the same overlays are for share their settings, key by key. So the text is made once for all of them.
  const seen = new WeakMap<readonly string[], { app: PlacedApp; number: number }[]>();
  return (app) => {
    const alike = entry(seen, app.compose, () => []);
    const known = alike.find((each) => sharesSettings(each.app, app));
    if (known) return known.number;
    const settings = Object.entries(app).filter(([key]) => !OWN_KEYS.includes(key));
    const number = entry(byText, JSON.stringify(settings), () => byText.size);
    alike.push({ app, number });
    return number;
  };
}

function sharesSettings(one: PlacedApp, other: PlacedApp): boolean {
  const keys = Object.keys(one) as (keyof PlacedApp)[];
  return (
    keys.length === Object.keys(other).length &&
    keys.every((key) => OWN_KEYS.includes(key) || Object.is(one[key], other[key]))
  );
}

/** All that a site answers to these names. The other values of an app are the same on every site. */
function answers(names: readonly string[], site: string, { values, ofSite }: PlacedApp): string {
  if (names.length === 0) return '';
  const answered = names.map((name) => (name === 'HOLDFAST_SITE' ? site : (own(values, name) ?? null)));
  return JSON.stringify([answered, ofSite && names.map((name) => ofSite.includes(name))]);
}
