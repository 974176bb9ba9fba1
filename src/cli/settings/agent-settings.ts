import { FILES_DIR, SECRETS_DIR } from '../../compose/load/values/values.ts';
import { absoluteFolder, ageKeyFile, count, duration, folder, oneOf, ownFile, size, text } from '../options/kinds.ts';
import { kebab, type Options, type OptionsOf, onOff, optional, withDefault, words } from '../options/option.ts';

/**
 * The settings of the agent, each said once. The name of a row gives the flag, the variable and the key in the config file; its kind gives the type of
 * the value. `node scripts/pages/cli-pages.ts` writes schemas/agent.schema.json and the tables of docs/agent.md from these rows.
 */

/** Adds the name of the variable to each setting. Variables of credentials begin with HOLDFAST_GIT_, since the agent's environment may hold others. */
const settings = <O extends Options>(rows: O): O =>
  Object.fromEntries(
    Object.entries(rows).map(([key, row]) => {
      const name = kebab(key).replaceAll('-', '_').toUpperCase();
      const isCredential = /^(username|password|token|credential)/.test(key);
      return [key, { ...row, variable: isCredential ? `HOLDFAST_GIT_${name}` : `HOLDFAST_${name}` }];
    }),
  ) as O;

const root = { ...absoluteFolder, hint: 'write a path with a blank as a JSON array: \'["/srv/my shop"]\'' };
const secret = { isSecret: true };

/** The repo and revision to follow. */
export const followSettings = settings({
  repo: words(
    text('url'),
    'the config repo: an https:// or ssh:// URL, user@host:path, the absolute path of a folder, an oci:// artifact of a registry, or the absolute path of a .bundle file; several are tried in order',
  ),
  revision: optional(
    text('ref'),
    "the branch, tag, range of versions (^1.2) or commit to follow (default: the repo's HEAD)",
  ),
  path: optional(text('dir'), "the config repo's folder in the repo"),
  site: optional(text('name'), "this site's name (not needed for a lone Compose file)"),
  trust: optional(
    ownFile,
    'a trust.yaml that says who must have signed what this site accepts; without it the repo is believed',
  ),
  policy: optional(
    ownFile,
    'a policy.yaml that says what apps may ask of this machine, whatever Git says; without it everything is allowed',
  ),
  interval: withDefault(duration, '60s', 'time between polls (plus up to 10% jitter)'),
  resync: withDefault(duration, '5m', 'time between passes that look at everything, events or not'),
});

/** The site itself. */
export const siteSettings = settings({
  stateDir: withDefault(
    { ...folder, isOwnPath: true },
    '/var/lib/holdfast/state',
    'the folder for what must survive a restart',
  ),
  filesDir: withDefault(
    folder,
    FILES_DIR,
    "the folder for files of Git that services bind; the same path on the host and in the agent's container",
  ),
  projectRoot: words(
    root,
    'a folder in which Applications may have their projectDirectory, so that files of Git are written there too; no two apps may share a folder there',
  ),
  sharedRoot: words(root, 'a folder like a project root, in which several apps may write to one folder'),
  values: optional(ownFile, "the site's own values, which are not in Git: a flat YAML mapping"),
  ageKeyFile: words(
    ageKeyFile,
    'a file with age keys that decrypt the files of SOPS in Git, or APP=FILE with keys that only this app uses, in place of the others; read again at each use',
  ),
  secretsDir: withDefault(
    { ...folder, isOwnPath: true },
    SECRETS_DIR,
    "the folder for decrypted files, which must be in memory (tmpfs); the same path on the host and in the agent's container",
  ),
  dockerHost: optional(
    text('url'),
    'the engine: a unix://, tcp:// or ssh:// URL (default: DOCKER_HOST, or the local socket)',
  ),
  hostRoot: optional(
    folder,
    'the folder at which /dev and /run/udev of the host are mounted, read-only, for apps that require devices; / for an agent outside of a container (default: devices cannot be seen)',
  ),
  timeSyncedFile: optional(
    ownFile,
    'a file that exists while the clock of the host is right, as /run/systemd/timesync/synchronized; sync windows go by the clock then',
  ),
  aliveFile: optional(
    ownFile,
    'a file in memory (below /run) that the agent renews every 10 s while it works, for health checks',
  ),
  logFormat: optional(oneOf('text', 'json'), 'the format of the log (default: text on a terminal, else json)'),
  logLevel: withDefault(oneOf('error', 'warn', 'info', 'debug'), 'info', 'the least severe messages to log'),
});

/** Access to the config repo. */
export const accessSettings = settings({
  username: optional(text('name'), 'the user for the config repo'),
  password: optional(text('secret'), 'the password for the config repo; better in a file of its own', secret),
  passwordFile: optional(ownFile, 'a file with the password, read again at each use'),
  token: optional(
    text('secret'),
    'a token for the config repo, instead of a password; better in a file of its own',
    secret,
  ),
  tokenFile: optional(ownFile, 'a file with the token, read again at each use'),
  tokenScheme: withDefault(
    oneOf('basic', 'bearer'),
    'basic',
    'the way to send a token: basic, as the password of a user, which most hosts expect, or bearer',
  ),
  credentialCommand: words(
    text('command'),
    'a program and its arguments that print a token, or what a credential helper of Git prints; run without a shell',
    { type: 'array' },
  ),
  caFile: optional(
    ownFile,
    "a PEM file with the config repo's own certificate authority, which counts besides the system's",
  ),
  certFile: optional(ownFile, 'a PEM file with a client certificate for the config repo'),
  keyFile: optional(ownFile, 'a PEM file with the key of the client certificate'),
  sshKeyFile: optional(
    ownFile,
    'a private key for the config repo over SSH, in the format of OpenSSH, PEM or PKCS#8 (default: the ssh-agent at SSH_AUTH_SOCK)',
  ),
  sshPassphraseFile: optional(ownFile, 'a file with the passphrase of that key'),
  knownHostsFile: optional(
    ownFile,
    'the keys of SSH servers (default: ~/.ssh/known_hosts and /etc/ssh/ssh_known_hosts)',
  ),
  sshAcceptNewHostKey: onOff('trust an SSH server that has no known key yet, and write its key to --known-hosts-file'),
});

/** The limits of what the config repo may send and the agent keeps of it. */
export const limitSettings = settings({
  gitTimeout: withDefault(
    duration,
    '60s',
    'the longest silence of the config repo before a poll or a fetch is tried again',
  ),
  gitTotalTimeout: withDefault(duration, '1h', 'the longest time of one poll or fetch'),
  maxFetchBytes: withDefault(size, '256MiB', 'the largest answer of the config repo'),
  maxUnpackedBytes: withDefault(size, '1GiB', 'all objects of one fetch, unpacked'),
  maxObjects: withDefault(count(0), '500000', 'Git objects in one fetch'),
  maxFileBytes: withDefault(size, '32MiB', 'one file or folder of the config repo'),
  maxFiles: withDefault(count(1), '100000', 'files and folders that a site reads of one commit'),
  maxReadBytes: withDefault(size, '128MiB', 'those files together'),
  maxDiskBytes: withDefault(size, '512MiB', 'all that is kept of the config repo'),
  maxHealBytes: withDefault(
    size,
    '256MiB',
    'objects that may be fetched again in a day because the disk lost or damaged them',
  ),
  maxPacks: withDefault(count(2), '50', 'packs of Git objects before they are merged into one'),
  maxRedirects: withDefault(count(0), '5', 'redirects of one request'),
});

export const sourceSettings = { ...accessSettings, ...limitSettings };
export type SourceSettings = OptionsOf<typeof sourceSettings>;

export const agentSettings = { ...followSettings, ...siteSettings, ...sourceSettings };
export type AgentSettings = OptionsOf<typeof agentSettings>;

/** The settings file of the agent, which commands about the agent of this machine read as well. */
export const configSetting = {
  config: {
    ...optional(ownFile, 'a YAML file with any of these settings'),
    variable: 'HOLDFAST_CONFIG',
  },
};

/** The version that brought a setting; absent for those of the first release. */
export const settingsSince: Readonly<Record<string, string>> = {
  hostRoot: '0.2.0',
  ageKeyFile: '0.2.0',
  secretsDir: '0.2.0',
  policy: '0.2.0',
  timeSyncedFile: '0.2.0',
};
