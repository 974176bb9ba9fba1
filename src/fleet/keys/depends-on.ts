import type { Position, Problem } from '../../lib/errors.ts';
import { entry } from '../../lib/maps/map-entry.ts';
import { shortestWay } from '../../lib/shortest-way.ts';
import { didYouMean } from '../../lib/text/did-you-mean.ts';
import type { AppDependency, ApplicationDocument, PlacedSite } from '../../model/fleet.ts';
import type { YamlNode } from '../../yaml/node.ts';
import { below, items, text } from '../values/values.ts';

/** Reads the `dependsOn` of an Application; undefined: it depends on none. */
export function dependsOnOf(root: YamlNode): AppDependency[] | undefined {
  const found = items(below(root, 'spec', 'dependsOn')).map((node) => ({ app: text(node) ?? '', at: node.at }));
  return found.length > 0 ? found : undefined;
}

/** An Application, as far as its order counts. */
type Ordered = Pick<ApplicationDocument, 'name' | 'dependsOn'>;

/** The problems of Applications that depend on themselves, over any number of others. Each names a shortest circle that it is in, with the files. */
export function circleProblems(applications: readonly Ordered[]): Map<string, Problem> {
  const byName = new Map(applications.map((app) => [app.name, app]));
  const next = (name: string): string[] => byName.get(name)?.dependsOn?.map(({ app }) => app) ?? [];
  const found = new Map<string, Problem>();
  for (const name of leadingToCircles([...byName.keys()], next)) {
    const way = shortestWay(next(name), name, next);
    if (way) found.set(name, circleProblem([name, ...way], byName));
  }
  return found;
}

/** The apps from which a circle can be reached: all others fall away one by one, those first that depend on none. */
function leadingToCircles(names: readonly string[], next: (name: string) => string[]): Set<string> {
  const left = new Set(names);
  const open = new Map(names.map((name) => [name, new Set(next(name).filter((other) => left.has(other)))]));
  const dependents = new Map<string, string[]>();
  for (const [name, others] of open)
    for (const other of others) entry(dependents, other, (): string[] => []).push(name);
  const free = names.filter((name) => open.get(name)?.size === 0);
  for (const name of free) {
    left.delete(name);
    for (const dependent of dependents.get(name) ?? []) {
      const others = open.get(dependent);
      if (others?.delete(name) && others.size === 0) free.push(dependent);
    }
  }
  return left;
}

function circleProblem(circle: string[], byName: ReadonlyMap<string, Ordered>): Problem {
  const places = circle.slice(0, -1).flatMap((name, index) => {
    const step = byName.get(name)?.dependsOn?.find(({ app }) => app === circle[index + 1]);
    return step ? [step.at] : [];
  });
  return {
    at: places[0],
    message: `${circle[0]} depends on itself: ${circle.join(' -> ')} (${places.map(placeOf).join(', ')})`,
    hint: 'take one of these apps out of dependsOn',
  };
}

const placeOf = ({ file, line, column }: Position): string => `${file}:${line}:${column}`;

/** The apps that other apps of a site depend on and that Git does not place there; undefined: all are. One that is broken, or that only a fact keeps away, is no such app. */
export function absentApps({ apps, broken, leftByFact = {} }: PlacedSite): string[] | undefined {
  const named = apps.flatMap(({ dependsOn = [] }) => dependsOn.map(({ app }) => app));
  if (named.length === 0) return undefined;
  const known = new Set([...apps, ...broken].map(({ name }) => name).concat(Object.keys(leftByFact)));
  const absent = [...new Set(named)].filter((name) => !known.has(name)).sort();
  return absent.length > 0 ? absent : undefined;
}

/** The problem of an app that depends on one that is not on its site. `repo`: the names of all apps of the repo. */
export function absentProblem(app: string, { app: other, at }: AppDependency, repo: readonly string[]): Problem {
  if (repo.includes(other)) {
    const message = `${app} depends on ${other}, which is not placed`;
    return { app, at, message, hint: `place ${other} wherever ${app} is, or take it out of dependsOn` };
  }
  const near = didYouMean(other, repo);
  return {
    app,
    at,
    message: `${app} depends on ${other}, and there is no such app`,
    hint: near === undefined ? 'dependsOn names Applications of this repo' : `did you mean ${near}?`,
  };
}
