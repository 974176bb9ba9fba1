import { resolve } from 'node:path';
import type { Territory } from '../../apply/territory.ts';
import type { DesiredOptions, EngineOptions, KeyOptions } from '../options/desired-options.ts';
import type { Options } from '../options/option.ts';
import { siteSettings } from './agent-settings.ts';

type Roots = DesiredOptions & EngineOptions & Partial<KeyOptions>;
type Folders = Pick<Roots, 'filesDir' | 'projectRoot' | 'sharedRoot' | 'secretsDir' | 'ageKeyFile'>;

const keyFilesOf = ({ ageKeyFile = [] }: Pick<Roots, 'ageKeyFile'>): string[] => ageKeyFile.map(({ file }) => file);

/** The folders in which `apply` and `diff` may write files of Git: also the one that the person named, since it is theirs. */
export function territoryByHand(folder: string | undefined, options: Roots): Territory {
  const named = options.repo === undefined ? [resolve(folder ?? '.')] : [];
  // An agent on this machine keeps its state in that folder by default.
  const keepOut = [siteSettings.stateDir.fallback, options.values, options.secretsDir, ...keyFilesOf(options)];
  return territory({ ...options, projectRoot: [...options.projectRoot, ...named] }, keepOut);
}

/** The folders in which an agent may write files of Git, and the site's own paths among the settings, which it never writes over. */
export function agentTerritory(settings: Options, values: Folders & Readonly<Record<string, unknown>>): Territory {
  const own = Object.entries(settings).flatMap(([key, { isOwnPath }]) => (isOwnPath ? [values[key]] : []));
  return territory(values, [...own.filter((path) => typeof path === 'string'), ...keyFilesOf(values)]);
}

const territory = (
  { filesDir, projectRoot, sharedRoot, secretsDir }: Folders,
  keepOut: readonly (string | undefined)[],
): Territory => ({
  filesDir,
  projectRoots: projectRoot,
  sharedRoots: sharedRoot,
  secretsDir,
  keepOut: keepOut.flatMap((path) => (path ? [resolve(path)] : [])),
});
