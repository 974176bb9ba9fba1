import { InputError, type Problem } from '../lib/errors.ts';
import { didYouMean } from '../lib/text/did-you-mean.ts';
import type { SiteDocument } from '../model/fleet.ts';
import type { Snapshot } from '../model/snapshot.ts';
import { keptSnapshot } from '../source/kept-snapshot.ts';
import { readDocument } from './document.ts';
import { siteOf } from './documents.ts';

const FOLDER = 'sites';
const MOST_NAMED = 20;

/** Site documents that were read, by name and the ID of the file: two revisions have most of them in common. */
export type SiteDocuments = Map<string, SiteDocument>;

/** Reads one Site by its name, unless `documents` has it. The cost does not grow with the fleet. Throws InputError. */
export async function readSite(snapshot: Snapshot, name: string, documents?: SiteDocuments): Promise<SiteDocument> {
  requireSiteName(name);
  const file = `${FOLDER}/${name}.yaml`;
  const files = documents ? keptSnapshot(snapshot) : snapshot;
  const key = documents && `${name} ${await files.identify?.(file)}`;
  const known = key === undefined ? undefined : documents?.get(key);
  if (known) return known;
  const root = await readDocument(files, file, 'Site');
  if (!root) throw new InputError([await missing(snapshot, name)]);
  const site = siteOf(root, name);
  if (key !== undefined) documents?.set(key, site);
  return site;
}

/** Throws InputError for a name that no file below sites/ can have. */
export function requireSiteName(name: string): void {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]*(\/[A-Za-z0-9][A-Za-z0-9._-]*)*$/.test(name)) return;
  throw InputError.of(
    `${JSON.stringify(name)} cannot be a site's name`,
    "a site is named by its file's path below sites/ without .yaml, as eu/shop-17",
  );
}

/** The names of all sites, sorted. It walks every folder below sites/, so the cost grows with the fleet. */
export const siteNames = (snapshot: Snapshot): Promise<string[]> => namesOf(snapshot, '.yaml');

/** Problems for files below sites/ that look like Sites but have the wrong ending. */
export async function misnamedSites(snapshot: Snapshot): Promise<Problem[]> {
  const names = await namesOf(snapshot, '.yml');
  return names.map((name) => ({
    message: `the file of a Site ends in .yaml, so no site reads ${FOLDER}/${name}.yml`,
    hint: `rename it to ${name.split('/').at(-1)}.yaml`,
    at: { file: `${FOLDER}/${name}.yml`, line: 1, column: 1 },
  }));
}

async function namesOf(snapshot: Snapshot, ending: string): Promise<string[]> {
  const names: string[] = [];
  const walk = async (below: string): Promise<void> => {
    for (const { name, kind } of (await snapshot.list(`${FOLDER}${below}`)) ?? []) {
      if (kind === 'dir') await walk(`${below}/${name}`);
      else if (name.endsWith(ending)) names.push(`${below}/${name.slice(0, -ending.length)}`.slice(1));
    }
  };
  await walk('');
  return names.sort();
}

/** The only site of a repo. Throws InputError when the repo has no site, or several, and names them. */
export async function onlySite(snapshot: Snapshot): Promise<string> {
  const names = await siteNames(snapshot);
  const [first, second] = names;
  if (first === undefined) {
    const misnamed = await misnamedSites(snapshot);
    if (misnamed.length > 0) throw new InputError(misnamed);
    throw InputError.of(`${snapshot.origin.description} has no sites`, 'add a file sites/NAME.yaml with `kind: Site`');
  }
  if (second === undefined) return first;
  const more = names.length > MOST_NAMED ? ` and ${names.length - MOST_NAMED} more` : '';
  throw InputError.of(
    `${snapshot.origin.description} has ${names.length} sites: ${names.slice(0, MOST_NAMED).join(', ')}${more}`,
    'say which one with --site',
  );
}

/** The problem for a site without a file, with a hint at a similar name in the same folder, a site in the folder of that name, or the same name in another folder. */
async function missing(snapshot: Snapshot, name: string): Promise<Problem> {
  const parts = name.split('/');
  const last = parts.pop() ?? '';
  const folder = [FOLDER, ...parts].join('/');
  const message = `there is no site ${name}: ${snapshot.origin.description} has no file ${FOLDER}/${name}.yaml`;
  const entries = await snapshot.list(folder);
  if (!entries) return { message, hint: `there is no folder ${folder} either` };
  if (entries.some((entry) => entry.name === `${last}.yml`))
    return { message, hint: `rename ${folder}/${last}.yml to ${last}.yaml` };
  const present = entries.flatMap((entry) =>
    entry.name.endsWith('.yaml') ? entry.name.slice(0, -'.yaml'.length) : [],
  );
  const near = didYouMean(last, present);
  if (near !== undefined) return { message, hint: `did you mean ${[...parts, near].join('/')}?` };
  const isSimilar = (each: string): boolean => each.startsWith(`${name}/`) || each.split('/').at(-1) === last;
  const similar = (await siteNames(snapshot)).find(isSimilar);
  if (similar !== undefined) return { message, hint: `did you mean ${similar}?` };
  if (present.length === 0) return { message, hint: `${folder} has no sites` };
  return {
    message,
    hint: `${folder} has ${present.slice(0, MOST_NAMED).join(', ')}${present.length > MOST_NAMED ? ', …' : ''}`,
  };
}
