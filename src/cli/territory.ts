import { resolve } from 'node:path';
import type { Territory } from '../apply/territory.ts';
import { InputError } from '../lib/errors.ts';
import type { AgentSettings } from './settings.ts';

/** Of settings: those that name a file or a folder of the site's own, which nothing of Git may come near. */
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

/** Where an agent beside a person at this machine keeps its state, unless it was told otherwise. */
const AGENTS_STATE = '/var/lib/holdfast/state';

/** Where `apply` and `diff` may, also in the folder that the person named: it is theirs. Throws InputError. */
export function territoryByHand(
  folder: string | undefined,
  options: { repo?: string; filesDir: string; projectRoot?: string[]; sharedRoot?: string[]; values?: string },
): Territory {
  const named = options.repo === undefined ? [resolve(folder ?? '.')] : [];
  return territoryOf({
    ...options,
    stateDir: AGENTS_STATE,
    projectRoot: [...(options.projectRoot ?? []), ...named],
  });
}

/** Where an agent may write files of Git. `more` are further files of the site's own. Throws InputError. */
export function territoryOf(
  settings: Pick<AgentSettings, (typeof OWN)[number] | 'filesDir' | 'projectRoot' | 'sharedRoot'>,
  more: readonly (string | undefined)[] = [],
): Territory {
  const own = [...OWN.map((key) => settings[key]), ...more];
  return {
    filesDir: resolve(settings.filesDir ?? ''),
    projectRoots: roots(settings.projectRoot, '--project-root'),
    sharedRoots: roots(settings.sharedRoot, '--shared-root'),
    keepOut: own.flatMap((path) => (path ? [resolve(path)] : [])),
  };
}

function roots(given: readonly string[] = [], flag: string): string[] {
  for (const root of given)
    if (!root.startsWith('/'))
      throw InputError.at(
        undefined,
        `${flag} must be an absolute path, not ${JSON.stringify(root)}`,
        'a path with a blank is written as a JSON array, as \'["/srv/my shop"]\'',
      );
  return given.map((root) => resolve(root));
}
