import { InputError, type Problem } from '../lib/errors.ts';
import { didYouMean } from '../lib/text/did-you-mean.ts';
import type { ApplicationDocument, LabelSelector, Placement, SiteDocument } from '../model/fleet.ts';
import type { Snapshot } from '../model/snapshot.ts';
import { type Selectable, selects } from './keys/selector.ts';
import { readSite, siteNames } from './sites.ts';

/** The number of documents that are read at once, so that a source can fetch them in one request. */
const AT_ONCE = 200;

/** All Sites that can be read. The cost grows with the fleet. Throws SourceError. */
export async function* readSites(snapshot: Snapshot): AsyncGenerator<SiteDocument, void, undefined> {
  const names = await siteNames(snapshot);
  for (let from = 0; from < names.length; from += AT_ONCE) {
    const read = await Promise.all(
      names.slice(from, from + AT_ONCE).map((name) =>
        readSite(snapshot, name).catch((error: unknown) => {
          if (error instanceof InputError) return undefined;
          throw error;
        }),
      ),
    );
    for (const site of read) if (site) yield site;
  }
}

/** The problem of an app that is placed on no site, unless its `sites` is an empty list on purpose. Stops reading at the first Site that matches. */
export async function nowhere(snapshot: Snapshot, app: ApplicationDocument): Promise<Problem | undefined> {
  if (isMeantForNone(app.placement)) return undefined;
  const sites: Selectable[] = [];
  for await (const { name, labels } of readSites(snapshot)) {
    if (selects(app.placement, { name, labels })) return undefined;
    sites.push({ name, labels });
  }
  return nowhereProblem(app, sites);
}

/** The same problem, for a list of sites. */
export function nowhereProblem(app: ApplicationDocument, sites: readonly Selectable[]): Problem | undefined {
  const { placement, name, at, placementAt = at } = app;
  if (isMeantForNone(placement) || sites.length === 0 || sites.some((site) => selects(placement, site)))
    return undefined;
  return {
    message: `${name} is placed on no site: ${whyNone(placement, sites)}`,
    hint: 'if no site should run it, write `placement: { sites: [] }`',
    at: placementAt,
    app: name,
  };
}

/** The selectors of an app that match no site of the repo. */
export function idleSelectors(app: ApplicationDocument, sites: readonly Selectable[]): Problem[] {
  if (sites.length === 0) return [];
  const { name, placement, overlays, at, placementAt = at } = app;
  const isPlaced = sites.some((site) => selects(placement, site));
  const unknown = isPlaced ? unknownSites(placement, sites) : undefined;
  const found: Problem[] =
    unknown === undefined ? [] : [{ message: `placement of ${name}: ${unknown}`, at: placementAt, app: name }];
  for (const { selector, at: overlayAt = at } of overlays) {
    if (isMeantForNone(selector)) continue;
    const isIdle = !sites.some((site) => selects(selector, site));
    const why = isIdle ? `is for no site: ${whyNone(selector, sites)}` : unknownSites(selector, sites);
    if (why !== undefined)
      found.push({
        message: `an overlay of ${name} ${isIdle ? why : `names a site too many: ${why}`}`,
        at: overlayAt,
        app: name,
      });
  }
  return found;
}

const isMeantForNone = ({ sites }: Placement): boolean => sites?.length === 0;

/** Why a selector selects no site. */
export function whyNone(selector: Placement, sites: readonly Selectable[]): string {
  return unknownSites(selector, sites) ?? unknownLabels(selector, sites) ?? 'no site meets all conditions at once';
}

/** A message about the names in `sites` that no Site has. */
function unknownSites({ sites = [] }: Placement, all: readonly Selectable[]): string | undefined {
  const names = new Set(all.map(({ name }) => name));
  const found = sites.filter((name) => !names.has(name)).map((name) => `there is no site ${name}${meant(name, names)}`);
  return found.length === 0 ? undefined : found.join(', ');
}

/** A message about the labels and values that no Site has. */
function unknownLabels(
  { matchLabels = {}, matchExpressions = [] }: LabelSelector,
  sites: readonly Selectable[],
): string | undefined {
  const values = new Map<string, Set<string>>();
  for (const { labels, facts } of sites) {
    for (const [key, value] of Object.entries({ ...labels, ...facts })) {
      const known = values.get(key);
      if (known) known.add(value);
      else values.set(key, new Set([value]));
    }
  }
  const wanted = [
    ...Object.entries(matchLabels).map(([key, value]) => ({ key, anyOf: [value] })),
    ...matchExpressions.flatMap(({ key, operator, values: anyOf = [] }) =>
      operator === 'In' || operator === 'Exists' ? [{ key, anyOf }] : [],
    ),
  ];
  const found = wanted.flatMap(({ key, anyOf }) => {
    const known = values.get(key);
    if (!known) return [`no site has the label ${key}${meant(key, values.keys())}`];
    const [first] = anyOf;
    if (first === undefined || anyOf.some((value) => known.has(value))) return [];
    return [`no site has the label ${key} with the value ${anyOf.join(' or ')}${meant(first, known)}`];
  });
  return found.length === 0 ? undefined : found.join(', ');
}

function meant(word: string, known: Iterable<string>): string {
  const near = didYouMean(word, known);
  return near === undefined ? '' : ` (did you mean ${near}?)`;
}
