import { checkCgroup, checkEngine } from './checks/engine.ts';
import { checkFolder } from './checks/folders.ts';
import { checkImages } from './checks/images.ts';
import { checkPrivateFiles } from './checks/private-files.ts';
import { checkClock, checkDns, checkGit } from './checks/repo.ts';
import { checkAgeKeys, checkPolicy, checkSecretsFolder, checkTrust } from './checks/site-files.ts';
import type { Check } from './examine.ts';

/** All checks, in the order of the lines. */
export const CHECKS: readonly Check[] = [
  {
    name: 'engine',
    run: checkEngine,
    todo: 'start the engine, check --docker-host, or run this as a user who may use its socket (often root)',
  },
  { name: 'cgroup', run: checkCgroup, todo: 'mend `engine` first' },
  {
    name: 'state folder',
    run: ({ settings }) => checkFolder(settings.stateDir, '--state-dir'),
    todo: 'give the folder to the user of the agent, or name another one with --state-dir',
  },
  {
    name: 'files folder',
    run: ({ settings }) => checkFolder(settings.filesDir, '--files-dir'),
    todo: 'give the folder to the user of the agent, or name another one with --files-dir',
  },
  { name: 'permissions', run: checkPrivateFiles, todo: 'give the file to the user of the agent, and chmod 600 it' },
  { name: 'DNS', run: checkDns, todo: 'correct --repo' },
  { name: 'Git', run: checkGit, todo: 'check --repo and the settings of its credentials' },
  { name: 'clock', run: checkClock, todo: 'set the clock of this machine, and keep it right with NTP' },
  {
    name: 'images',
    run: checkImages,
    todo: 'try `docker pull IMAGE` on the site, with the DOCKER_CONFIG of the agent',
  },
  {
    name: 'trust',
    run: checkTrust,
    todo: 'correct the file of --trust: docs/trust.md says how; until then no commit is accepted',
  },
  { name: 'policy', run: checkPolicy, todo: 'correct the file of --policy: docs/policy.md says how' },
  { name: 'age keys', run: checkAgeKeys, todo: 'put the key back in its place; `holdfast keygen` makes a new one' },
  {
    name: 'secrets folder',
    run: checkSecretsFolder,
    todo: 'mount a tmpfs there for the user of the agent, or name another folder with --secrets-dir',
  },
];
