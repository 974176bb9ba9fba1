import type { Problem } from '../lib/errors.ts';
import { entry } from '../lib/maps/map-entry.ts';
import type { PlacedApp, PlacedSite, SiteStep } from '../model/fleet.ts';
import type { Snapshot } from '../model/snapshot.ts';
import type { DesiredSite } from '../model/state.ts';
import { compileOnce } from './compile-once.ts';
import { type CompileOne, compileOne, desiredSite, losersOf, type Results, sorted } from './compile-site.ts';
import type { CompileOptions } from './load/values/values.ts';

/** A compiled site. Sites that give an app the same inputs share its result: it is the same object. */
export interface CompiledSite {
  placed: Omit<PlacedSite, 'apps'>;
  /** By the name of the placed app, sorted. */
  results: Results;
  /** The steps of the rollout that the site is in, by app; an app without steps begins at once. */
  steps: ReadonlyMap<string, SiteStep>;
  /** Apps that compile and are broken all the same. Sites whose apps claim the same things share it. */
  lost: ReadonlyMap<string, Problem[]>;
}

/** Compiles a site. Throws SourceError. */
export type CompileSite = (placed: PlacedSite, files: Snapshot) => Promise<CompiledSite>;

/** Compiles many sites, of one revision or several. The cost grows with the inputs that differ. `compile` is called once for equal inputs. */
export function createFleetCompiler(options: CompileOptions, compile: CompileOne = compileOne): CompileSite {
  const once = compileOnce(compile);
  const losers = new Map<string, CompiledSite['lost']>();
  const claims = numbered((result: object) =>
    'claims' in result && 'size' in result ? JSON.stringify([result.claims, result.size]) : undefined,
  );
  return async ({ apps, ...placed }, files) => {
    const results = new Map<string, Awaited<ReturnType<CompileOne>>>();
    for (const app of sorted(apps)) {
      const found = once(app, placed.site, files, options);
      results.set(app.name, found instanceof Promise ? await found : found);
    }
    const key = JSON.stringify([
      placed.broken.map(({ name }) => name),
      [...results].map(([name, each]) => [name, claims(each)]),
    ]);
    const lost = entry(losers, key, () => losersOf(placed.broken, results));
    return { placed, results, steps: stepsOf(apps), lost };
  };
}

const stepsOf = (apps: readonly PlacedApp[]): CompiledSite['steps'] =>
  new Map(apps.flatMap(({ name, step }) => (step ? [[name, step] as const] : [])));

/** The same as `compileSite` gives for this site alone. */
export const desiredOfSite = ({ placed, results, lost }: CompiledSite): DesiredSite =>
  desiredSite(placed, results, lost);

/** Gives each object a number: the same for objects of the same text. The text of an object is made once. */
function numbered(textOf: (object: object) => string | undefined): (object: object) => number {
  const byObject = new WeakMap<object, number>();
  const byText = new Map<string | undefined, number>();
  return (object) => {
    const known = byObject.get(object);
    if (known !== undefined) return known;
    const text = textOf(object);
    const number = byText.get(text) ?? byText.size;
    byText.set(text, number);
    byObject.set(object, number);
    return number;
  };
}
