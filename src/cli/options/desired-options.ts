import { FILES_DIR, SECRETS_DIR } from '../../compose/load/values/values.ts';
import { one } from '../command.ts';
import { absoluteFolder, ageKeyFile, folder, text } from './kinds.ts';
import { type OptionsOf, onOff, optional, repeated, withDefault } from './option.ts';

/** The options of all commands that read desired state. */
export const folderArgument = one(
  'folder',
  'the config repo, or a folder with a compose.yaml; uncommitted files count (default: the current folder)',
);

export const desiredOptions = {
  repo: optional(
    text('url'),
    'read a Git repo (https://, ssh://), an artifact (oci://) or a .bundle file instead of a folder',
  ),
  revision: optional(text('ref'), 'with --repo: a branch, tag, range of versions (^1.2) or commit (default: its HEAD)'),
  path: optional(text('dir'), "the config repo's folder in the repo"),
  site: optional(text('name'), "the site's name (not needed if the repo has only one)"),
  values: optional(text('file'), "the site's own values, which are not in Git: a flat YAML mapping"),
  env: onOff('read values of variables from the environment as well'),
  filesDir: withDefault(folder, FILES_DIR, 'the folder for files of Git that services bind on the site'),
};

export type DesiredOptions = OptionsOf<typeof desiredOptions>;

/** The option of those that decrypt. */
export const keyOptions = {
  ageKeyFile: repeated(ageKeyFile, 'a file with age keys for the encrypted files, or APP=FILE for those of one app'),
};

export type KeyOptions = OptionsOf<typeof keyOptions>;

/** The options of those that ask an engine as well. */
export const engineOptions = {
  projectRoot: repeated(
    absoluteFolder,
    'a folder in which Applications may have their projectDirectory and files of Git',
  ),
  sharedRoot: repeated(absoluteFolder, 'a folder like a project root, in which several apps may write to one folder'),
  secretsDir: withDefault(folder, SECRETS_DIR, 'the folder for decrypted files on the site, in memory'),
  dockerHost: optional(text('url'), 'the engine (default: DOCKER_HOST, or the local socket)'),
  adopt: onOff('take over, for this run, what `docker compose` started under the names of the apps'),
};

/** The option of those that say what a site would refuse. */
export const policyOption = {
  policy: optional(text('file'), 'the policy of the site: an app that asks for more than it allows is refused'),
};

export type EngineOptions = OptionsOf<typeof engineOptions>;

/** The option of those that act on a site. */
export const hostOption = {
  hostRoot: optional(
    folder,
    'the folder at which /dev and /run/udev of the host are seen, for apps that require devices: / outside of a container (default: devices are not seen, and park nothing)',
  ),
};

/** The option of those that ask no engine. */
export const factsOption = {
  facts: optional(
    text('dir'),
    'the facts of sites, as `holdfast facts` writes them to DIR/SITE.json (default: not known)',
  ),
};
