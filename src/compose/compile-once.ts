import { entry } from '../lib/maps/map-entry.ts';
import { own } from '../lib/maps/own.ts';
import type { PlacedApp } from '../model/fleet.ts';
import type { Snapshot } from '../model/snapshot.ts';
import { keptSnapshot } from '../source/kept-snapshot.ts';
import { createWitnesses, type Witness } from '../source/witness.ts';
import { type CompileOne, compileOne } from './compile-site.ts';
import type { CompileOptions } from './load/values/values.ts';

type Result = Awaited<ReturnType<CompileOne>>;
export type CompileOrKnown = (...asked: Parameters<CompileOne>) => Result | Promise<Result>;

interface Known {
  result: Result;
  /** The files that it was compiled from. */
  read: Witness;
}

/** The results of one app with the same settings: first by the names that it asked for, then by their values. */
type ByAsked = Map<string, { names: readonly string[]; byValues: Map<string, Known[]> }>;

/**
 * Compiles each app once for all sites and revisions that give it the same inputs: the same settings, files of the same content, and the same values for the
 * names that it asks for. Compiling reads nothing else, so the result is the same one, and not only an equal one; its `revision` is the first that had it. All
 * calls need the same options, without `before`. A result that is known is given at once: a fleet asks for hundreds of thousands.
 */
export function compileOnce(compile: CompileOne = compileOne): CompileOrKnown {
  const settings = numberedSettings();
  const apps = new Map<number, ByAsked>();
  const kept = new Map<Snapshot, Snapshot>();
  const witnesses = createWitnesses();

  /** Those whose files may be the same. */
  const candidates = (byAsked: ByAsked, site: string, app: PlacedApp): Known[] =>
    [...byAsked.values()].flatMap(({ names, byValues }) => byValues.get(answers(names, site, app)) ?? []);

  const compileNow = async (
    byAsked: ByAsked,
    ...[app, site, files, options]: Parameters<CompileOne>
  ): Promise<Result> => {
    for (const { result, read } of candidates(byAsked, site, app))
      if (await witnesses.holds(read, files)) return result;
    const asked = new Set<string>();
    const recorder = witnesses.record(files);
    const result = await compile(app, site, recorder.snapshot, heard(options, asked));
    const names = [...asked].sort();
    const { byValues } = entry(byAsked, names.join(' '), () => ({ names, byValues: new Map<string, Known[]>() }));
    entry(byValues, answers(names, site, app), (): Known[] => []).push({ result, read: await recorder.witness() });
    return result;
  };

  return (app, site, snapshot, options) => {
    const files = entry(kept, snapshot, () => keptSnapshot(snapshot));
    const byAsked = entry(apps, settings(app), (): ByAsked => new Map());
    for (const { names, byValues } of byAsked.values())
      for (const { result, read } of byValues.get(answers(names, site, app)) ?? [])
        if (witnesses.known(read, files)) return result;
    return compileNow(byAsked, app, site, files, options);
  };
}

const heard = (options: CompileOptions, asked: Set<string>): CompileOptions => ({
  ...options,
  onAsked: (name) => {
    asked.add(name);
    options.onAsked?.(name);
  },
});

/** The keys of an app that are settings. The step of a rollout decides when the app begins, and not how it is; values are asked for one by one. */
const SETTINGS = Object.keys({
  name: true,
  nameIsFixed: true,
  folder: true,
  compose: true,
  profiles: true,
  sync: true,
  pruneVolumes: true,
  suspend: true,
  syncWindows: true,
  requires: true,
  dependsOn: true,
  projectDirectory: true,
  projectFolder: true,
  adopt: true,
  ignoreDifferences: true,
  adoptedDirectory: true,
  valuesFrom: true,
  siteValues: true,
  oldestAgent: true,
  defaults: true,
  recipientGroup: true,
} satisfies Record<Exclude<keyof PlacedApp, 'values' | 'ofSite' | 'step'>, true>) as (keyof PlacedApp)[];

/** Gives the settings of an app a number: the same for equal settings. */
function numberedSettings(): (app: PlacedApp) => number {
  const byText = new Map<string, number>();
  // Sites of one revision that the same overlays are for share their settings, key by key. So the text is made once for all of them.
  const seen = new WeakMap<readonly string[], { app: PlacedApp; number: number }[]>();
  return (app) => {
    const alike = entry(seen, app.compose, () => []);
    const known = alike.find((each) => sharesSettings(each.app, app));
    if (known) return known.number;
    const text = JSON.stringify(SETTINGS.map((key) => [key, app[key]]));
    const number = entry(byText, text, () => byText.size);
    alike.push({ app, number });
    return number;
  };
}

const sharesSettings = (one: PlacedApp, other: PlacedApp): boolean =>
  SETTINGS.every((key) => Object.is(one[key], other[key]));

/** All that a site answers to these names. The other values of an app are the same on every site. */
function answers(names: readonly string[], site: string, { values, ofSite }: PlacedApp): string {
  if (names.length === 0) return '';
  const answered = names.map((name) => (name === 'HOLDFAST_SITE' ? site : (own(values, name) ?? null)));
  return JSON.stringify([answered, ofSite && names.map((name) => ofSite.includes(name))]);
}
