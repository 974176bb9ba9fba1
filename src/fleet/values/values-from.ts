import { posix } from 'node:path';
import { InputError, type Problem } from '../../lib/errors.ts';
import { entry } from '../../lib/maps/map-entry.ts';
import { didYouMean } from '../../lib/text/did-you-mean.ts';
import type { NamedFile, PlacedApp, SiteDocument, ValuesFile } from '../../model/fleet.ts';
import type { Snapshot } from '../../model/snapshot.ts';
import type { YamlNode } from '../../yaml/node.ts';
import { below, items, text } from './values.ts';

/** The files that a document names under `valuesFrom`. A path begins in the folder of the document; with a slash, at the root of the repo. */
export function valuesFromOf(root: YamlNode, folder: string): NamedFile[] {
  return items(below(root, 'spec', 'valuesFrom')).map((node) => {
    const written = text(node) ?? '';
    return { path: posix.join(written.startsWith('/') ? '' : folder, `./${written}`), at: node.at };
  });
}

/** The files with values that documents name, the strongest last; undefined for none. */
export function valuesFiles(named: Partial<Record<ValuesFile['of'], Named>>): ValuesFile[] | undefined {
  const files = ORDER.flatMap((of) => (named[of]?.valuesFrom ?? []).map(({ path }) => ({ of, path })));
  return files.length > 0 ? files : undefined;
}

type Named = Pick<SiteDocument, 'valuesFrom'>;

/** A value of a later one counts before that of an earlier one. */
const ORDER = ['Fleet', 'Application', 'Site'] as const;

/** The files of an app on one site: those of the Fleet and the Application, and then those of the Site. */
export function withFilesOf(
  site: SiteDocument,
  common: ValuesFile[] | undefined,
): Pick<PlacedApp, 'valuesFrom' | 'ofSite'> {
  const own = valuesFiles({ Site: site });
  const files = own ? [...(common ?? []), ...own] : common;
  const isBelowSite = files?.some(({ of }) => of !== 'Fleet');
  return { valuesFrom: files, ofSite: isBelowSite ? Object.keys(site.values) : undefined };
}

/** Throws InputError for files that are not in the snapshot. */
export type RequireFiles = (snapshot: Snapshot, files: readonly NamedFile[]) => Promise<void>;

/** Looks for the files that documents name. Each folder is listed once. */
export function createRequireFiles(): RequireFiles {
  const lists = new Map<Snapshot, Map<string, Promise<ReadonlySet<string>>>>();
  const namesIn = (snapshot: Snapshot, folder: string): Promise<ReadonlySet<string>> =>
    entry(
      entry(lists, snapshot, () => new Map()),
      folder,
      async () => new Set((await snapshot.list(folder))?.filter(({ kind }) => kind !== 'dir').map(({ name }) => name)),
    );
  return async (snapshot, files) => {
    const problems: Problem[] = [];
    for (const { path, at } of files) {
      const [folder, name] = [posix.dirname(path), posix.basename(path)];
      const names = await namesIn(snapshot, folder === '.' ? '' : folder);
      if (isSite(path)) problems.push({ at, ...A_SITE(path) });
      else if (!names.has(name)) problems.push({ at, message: `there is no file ${path}`, ...near(name, names) });
    }
    if (problems.length > 0) throw new InputError(problems);
  };
}

const isSite = (path: string): boolean => path.startsWith('sites/') && path.endsWith('.yaml');

const A_SITE = (path: string): Omit<Problem, 'at'> => ({
  message: `${path} would be a Site, as each .yaml file below sites/ is`,
  hint: 'put the file elsewhere, as /values/NAME.yaml, or make it a .json or .env file',
});

/** A hint at a similar name, if there is one. */
function near(name: string, names: Iterable<string>): { hint?: string } {
  const found = didYouMean(name, [...names]);
  return found === undefined ? {} : { hint: `did you mean \`${found}\`?` };
}
