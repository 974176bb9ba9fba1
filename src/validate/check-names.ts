import type { Application, BrokenApplication } from '../fleet/applications.ts';
import { readDocument } from '../fleet/document.ts';
import { isFact } from '../fleet/facts/facts.ts';
import { selects } from '../fleet/keys/selector.ts';
import { below } from '../fleet/values/values.ts';
import type { Position, Problem } from '../lib/errors.ts';
import { entry } from '../lib/maps/map-entry.ts';
import { didYouMean } from '../lib/text/did-you-mean.ts';
import type { FleetDocument, Placement, SiteDocument } from '../model/fleet.ts';
import type { Snapshot } from '../model/snapshot.ts';
import { entryOf } from '../yaml/node.ts';

/** A selector of the repo, with the words for it: `placement of pos`. */
interface Named {
  what: string;
  selector: Placement;
  at: Position;
  app?: string | undefined;
}

/** Values by key. */
type Values = Map<string, Map<string, string[]>>;

/** A shorter word has too many neighbours: `eu` and `us` are both meant. */
const SHORTEST = 3;
/** So many sites with labels that look mistyped are told of; after that, it is the way people name things there. */
const MOST_TOLD = 20;

/**
 * Warns of names that are probably mistyped, where selecting goes on without them: of a label or value in a selector that no site has, of a label of a site that no
 * selector asks for, each with a name that is close to it; of names that are there twice; and of sites whose names differ by case alone.
 */
export async function checkNames(
  snapshot: Snapshot,
  fleet: FleetDocument | undefined,
  applications: readonly (Application | BrokenApplication)[],
  sites: readonly SiteDocument[],
): Promise<Problem[]> {
  const selectors = selectorsOf(fleet, applications);
  const used: Values = new Map();
  for (const { name, labels } of sites)
    for (const [key, value] of Object.entries(labels))
      entry(
        entry(used, key, () => new Map<string, string[]>()),
        value,
        (): string[] => [],
      ).push(name);
  const asked = new Map<string, Set<string>>();
  for (const { selector } of selectors)
    for (const { key, values } of conditionsOf(selector))
      for (const value of [...values, undefined]) {
        const known = entry(asked, key, () => new Set<string>());
        if (value !== undefined) known.add(value);
      }
  return [
    // One that selects no site at all is told of elsewhere.
    ...selectors
      .filter(({ selector }) => sites.some((site) => selects(selector, site)))
      .flatMap((each) => unknownIn(each, used)),
    ...selectors.flatMap(twiceIn),
    ...(await Promise.all(mistypedLabels(used, asked, sites).map((each) => problemOf(snapshot, each)))),
    ...sameButCase(sites),
  ];
}

function selectorsOf(
  fleet: FleetDocument | undefined,
  applications: readonly (Application | BrokenApplication)[],
): Named[] {
  const stepsOf = (rollout: FleetDocument['rollout'], of: string, app?: string): Named[] =>
    (rollout?.steps ?? []).flatMap(({ selector, at }, index) =>
      selector ? [{ what: `step ${index + 1} of the rollout of ${of}`, selector, at, app }] : [],
    );
  const own = applications.flatMap((each): Named[] => {
    if ('problems' in each) return [];
    const { name, placement, placementAt, overlays, rollout, at } = each.app;
    return [
      { what: `the placement of ${name}`, selector: placement, at: placementAt ?? at, app: name },
      ...overlays.map((overlay) => ({
        what: `an overlay of ${name}`,
        selector: overlay.selector,
        at: overlay.at ?? at,
        app: name,
      })),
      ...stepsOf(rollout, name, name),
    ];
  });
  return [...stepsOf(fleet?.rollout, 'the Fleet'), ...own];
}

/** The labels that a selector asks for. Facts are no labels of a Site. */
const conditionsOf = ({ matchLabels = {}, matchExpressions = [] }: Placement): { key: string; values: string[] }[] =>
  [
    ...Object.entries(matchLabels).map(([key, value]) => ({ key, values: [value] })),
    ...matchExpressions.map(({ key, values = [] }) => ({ key, values })),
  ].filter(({ key }) => !isFact(key));

function unknownIn({ what, selector, at, app }: Named, used: Values): Problem[] {
  return conditionsOf(selector).flatMap(({ key, values }): Problem[] => {
    const known = used.get(key);
    if (!known) {
      const near = nearTo(key, used.keys());
      return near === undefined
        ? []
        : [{ message: `${what} asks for the label ${key}, which no site has`, hint: `did you mean ${near}?`, at, app }];
    }
    return values.flatMap((value): Problem[] => {
      const near = known.has(value) ? undefined : nearTo(value, known.keys());
      const message = `${what} asks for the label ${key} with the value ${value}, which no site has`;
      return near === undefined ? [] : [{ message, hint: `did you mean ${near}?`, at, app }];
    });
  });
}

function twiceIn({ what, selector: { sites = [], matchExpressions = [] }, at, app }: Named): Problem[] {
  return [
    ...repeated(sites).map((site) => ({ message: `${what} names the site ${site} twice`, at, app })),
    ...matchExpressions.flatMap(({ key, values = [] }) =>
      repeated(values).map((value) => ({ message: `${what} names the value ${value} of ${key} twice`, at, app })),
    ),
  ];
}

const repeated = (words: readonly string[]): string[] => [
  ...new Set(words.filter((word, index) => words.indexOf(word) < index)),
];

/** A label of a site that looks mistyped. */
interface Mistyped {
  site: string;
  key: string;
  message: string;
  near: string;
}

async function problemOf(snapshot: Snapshot, { site, key, message, near }: Mistyped): Promise<Problem> {
  const root = await readDocument(snapshot, `sites/${site}.yaml`, 'Site');
  const labels = root && below(root, 'metadata', 'labels');
  return { message, hint: `did you mean ${near}?`, at: labels && entryOf(labels, key)?.keyAt };
}

/** Labels that no selector asks for, on fewer sites than those that are close to them and that one asks for. */
function mistypedLabels(
  used: Values,
  asked: ReadonlyMap<string, ReadonlySet<string>>,
  sites: readonly SiteDocument[],
): Mistyped[] {
  const labels = new Map(sites.map((site) => [site.name, site.labels]));
  const sitesWith = (key: string): string[] => [...(used.get(key)?.values() ?? [])].flat();
  const found = [...used].flatMap(([key, values]): Mistyped[] => {
    const wanted = asked.get(key);
    if (!wanted) {
      const near = nearTo(key, asked.keys());
      const mine = sitesWith(key);
      if (near === undefined || mine.length >= sitesWith(near).length) return [];
      return mine
        .filter((site) => !Object.hasOwn(labels.get(site) ?? {}, near))
        .map((site) => ({ site, key, message: `no selector asks for the label ${key} of site ${site}`, near }));
    }
    const common = [...wanted].filter((value) => (values.get(value)?.length ?? 0) > 1);
    return [...values].flatMap(([value, [site, ...more]]): Mistyped[] => {
      const near = wanted.has(value) || more.length > 0 ? undefined : nearTo(value, common);
      const message = `site ${site} alone has the label ${key} with the value ${value}`;
      return near === undefined || site === undefined ? [] : [{ site, key, message, near }];
    });
  });
  return found.slice(0, MOST_TOLD);
}

const nearTo = (word: string, known: Iterable<string>): string | undefined =>
  word.length < SHORTEST ? undefined : didYouMean(word, known);

/** Some disks cannot hold both. */
function sameButCase(sites: readonly SiteDocument[]): Problem[] {
  const byFold = new Map<string, string[]>();
  for (const { name } of sites) entry(byFold, name.toLowerCase(), (): string[] => []).push(name);
  return [...byFold.values()].flatMap(([first, second]): Problem[] =>
    first === undefined || second === undefined
      ? []
      : [
          {
            message: `the sites ${first} and ${second} differ by case alone`,
            hint: 'a clone on macOS or Windows has only one of the two files: rename one',
            at: { file: `sites/${second}.yaml`, line: 1, column: 1 },
          },
        ],
  );
}
