import { own } from '../../../lib/maps/own.ts';
import type { PlacedApp, ValuesFile } from '../../../model/fleet.ts';
import type { RepoFiles } from '../files/repo-files.ts';
import type { Origin } from '../trace.ts';
import type { AppKeys } from './app-keys.ts';
import { readValuesFile, type ValuesRead } from './read-values-file.ts';
import type { Value } from './template.ts';
import type { ValuesOfGit } from './values.ts';

/** Reads the files with values of an app, and decrypts them with the keys of this app. Throws InputError. */
export async function readValuesOfGit(app: PlacedApp, repo: RepoFiles, keys: AppKeys): Promise<ValuesOfGit> {
  const files: (ValuesRead & ValuesFile)[] = [];
  for (const file of app.valuesFrom ?? []) files.push({ ...file, ...(await readValuesFile(file.path, keys, repo)) });
  const strongestFirst = files.toReversed();
  const ofFiles = (name: string, of: ValuesFile['of']): Origin[] =>
    strongestFirst.flatMap((each): Origin[] => {
      const value = each.of === of ? each.variables.get(name) : undefined;
      return value ? [{ source: 'valuesFrom', of, file: each, value }] : [];
    });
  const ofDocument = (name: string, of: 'Site' | 'Fleet'): Origin[] => {
    const text = own(app.values, name);
    const isThere = text !== undefined && (of === 'Fleet' || !app.ofSite || app.ofSite.includes(name));
    return isThere ? [{ source: of, value: { text } }] : [];
  };
  const origins = (name: string): Origin[] => [
    ...ofDocument(name, 'Site'),
    ...ofFiles(name, 'Site'),
    ...ofFiles(name, 'Application'),
    ...ofDocument(name, 'Fleet'),
    ...ofFiles(name, 'Fleet'),
  ];
  const lookup = (name: string): Value | undefined => {
    if (files.length > 0) return origins(name)[0]?.value;
    const text = own(app.values, name);
    return text === undefined ? undefined : { text };
  };
  return { lookup, origins, encrypted: files.flatMap(({ encrypted }) => encrypted ?? []) };
}
