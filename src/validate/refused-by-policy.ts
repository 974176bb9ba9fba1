import { readApp } from '../compose/compile-app.ts';
import type { CompileSite } from '../compose/compile-fleet.ts';
import type { CompileOptions } from '../compose/load/values/values.ts';
import { FIELDS } from '../container/fields/table.ts';
import type { Position, Problem } from '../lib/errors.ts';
import { entry } from '../lib/maps/map-entry.ts';
import type { DesiredApp } from '../model/state.ts';
import type { Asking } from '../policy/asks.ts';
import type { PlaceOf, SitePolicy } from '../policy/site-policy.ts';
import { entryOf, type YamlNode } from '../yaml/node.ts';

/**
 * Compiles as before, and breaks the apps that a policy refuses, with the places of the keys that ask for it. Each shared result is asked about once, and only
 * an app that is refused is read once more.
 */
export function refusingCompiler(compile: CompileSite, policy: SitePolicy, options: CompileOptions): CompileSite {
  const known = new WeakMap<DesiredApp, Promise<Problem[]>>();
  return async (placed, files) => {
    const compiled = await compile(placed, files);
    const lost = new Map(compiled.lost);
    const problemsOf = async (app: DesiredApp, name: string): Promise<Problem[]> => {
      const found = placed.apps.find((each) => each.name === name);
      if (policy.problems(app).length === 0 || !found) return [];
      const { root } = await readApp(found, placed.site, files, options);
      return policy.problems(app, placesIn(root));
    };
    for (const [name, result] of compiled.results) {
      if (!('desired' in result) || lost.has(name)) continue;
      const problems = await entry(known, result.desired, () => problemsOf(result.desired, name));
      if (problems.length > 0) lost.set(name, problems);
    }
    return { ...compiled, lost };
  };
}

/** Finds the key that asks. The service stands for a key that no file has, and the first that has the key for the sum of all services. */
const placesIn =
  (root: YamlNode): PlaceOf =>
  ({ service, field, resource }: Asking): Position | undefined => {
    if (resource) return placeAt(root, [resource.kind, resource.key]) ?? placeAt(root, [resource.kind]);
    const paths = field === undefined ? [] : pathsOf(field);
    const services = service === undefined ? namesIn(entryOf(root, 'services')?.value) : [service];
    const keys = services.flatMap((name) => paths.map((path) => ['services', name, ...path]));
    const found = keys.map((path) => placeAt(root, path)).find(Boolean);
    return found ?? placeAt(root, ['services', ...(service === undefined ? [] : [service])]);
  };

const namesIn = (node: YamlNode | undefined): string[] =>
  node?.kind === 'mapping' ? node.entries.map(({ key }) => key) : [];

/** Keys of a service that give a field, besides the one that it is called by. */
const ALSO: Partial<Record<NonNullable<Asking['field']>, string[][]>> = {
  Image: [['image']],
  Networks: [['networks']],
  Memory: [['deploy', 'resources', 'limits', 'memory']],
  NanoCpus: [['deploy', 'resources', 'limits', 'cpus']],
  DeviceRequests: [['deploy', 'resources', 'reservations', 'devices'], ['devices']],
};

function pathsOf(field: NonNullable<Asking['field']>): string[][] {
  const row = FIELDS.find(({ name }) => name === field);
  return [...(row ? [(row.alias ?? row.label).split('.')] : []), ...(ALSO[field] ?? [])];
}

/** The place of a key; undefined where the tree does not have it. */
function placeAt(root: YamlNode, path: readonly string[]): Position | undefined {
  let at: Position | undefined;
  let node: YamlNode | undefined = root;
  for (const key of path) {
    const found: { keyAt: Position; value: YamlNode } | undefined = node && entryOf(node, key);
    if (!found) return undefined;
    at = found.keyAt;
    node = found.value;
  }
  return at;
}
