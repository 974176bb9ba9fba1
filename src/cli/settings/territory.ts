import { resolve } from 'node:path';
import type { Territory } from '../../apply/territory.ts';
import type { DesiredOptions, EngineOptions } from '../options/desired-options.ts';
import type { AgentSettings } from './agent-settings.ts';

/** The settings that name a file or a folder of the site's own: no file of Git is written there. */
const OWN = [
  'stateDir',
  'values',
  'trust',
  'passwordFile',
  'tokenFile',
  'caFile',
  'certFile',
  'keyFile',
  'sshKeyFile',
  'sshPassphraseFile',
  'knownHostsFile',
] as const;

/** Where an agent on this machine keeps its state by default. */
const AGENTS_STATE = '/var/lib/holdfast/state';

/** Where `apply` and `diff` may write files of Git: also in the folder that the person named, since it is theirs. */
export function territoryByHand(folder: string | undefined, options: DesiredOptions & EngineOptions): Territory {
  const named = options.repo === undefined ? [resolve(folder ?? '.')] : [];
  return territoryOf({
    ...options,
    stateDir: AGENTS_STATE,
    projectRoot: [...options.projectRoot, ...named],
  });
}

/** Where an agent may write files of Git. `more` are further files of the site's own. */
export function territoryOf(
  settings: Pick<AgentSettings, 'filesDir' | 'projectRoot' | 'sharedRoot'> &
    Partial<Pick<AgentSettings, (typeof OWN)[number]>>,
  more: readonly (string | undefined)[] = [],
): Territory {
  const own = [...OWN.map((key) => settings[key]), ...more];
  return {
    filesDir: settings.filesDir,
    projectRoots: settings.projectRoot,
    sharedRoots: settings.sharedRoot,
    keepOut: own.flatMap((path) => (path ? [resolve(path)] : [])),
  };
}
