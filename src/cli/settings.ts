import { readFile } from 'node:fs/promises';
import { Option } from 'commander';
import { schemaProblems } from '../fleet/schema.ts';
import { InputError } from '../lib/errors.ts';
import { utf8 } from '../lib/text/utf8.ts';
import { toPlain } from '../yaml/node.ts';
import { parseYaml } from '../yaml/parse.ts';

/** A setting of the agent: one row gives its flag, its environment variable and its key in the config file (schemas/agent.schema.json). */
export interface Setting {
  key: AgentKey;
  /** What stands for the value in the help. */
  value: string;
  description: string;
  default?: string;
  /** Too secret for a process list: a variable or a key of the config file, but no flag. */
  secret?: boolean;
  /** Several values: a list in the config file; in a flag or a variable words, or a JSON array of them. The flag may be repeated. */
  list?: boolean;
  /** Either on or off: the flag has no value, a variable and the config file say true or false. */
  isSwitch?: boolean;
}

export type AgentKey =
  | 'repo'
  | 'site'
  | 'path'
  | 'revision'
  | 'interval'
  | 'resync'
  | 'gitTimeout'
  | 'stateDir'
  | 'filesDir'
  | 'projectRoot'
  | 'sharedRoot'
  | 'values'
  | 'trust'
  | 'dockerHost'
  | 'username'
  | 'password'
  | 'passwordFile'
  | 'token'
  | 'tokenFile'
  | 'tokenScheme'
  | 'credentialCommand'
  | 'caFile'
  | 'certFile'
  | 'keyFile'
  | 'sshKeyFile'
  | 'sshPassphraseFile'
  | 'knownHostsFile'
  | 'sshAcceptNewHostKey'
  | 'gitTotalTimeout'
  | 'maxFetchBytes'
  | 'maxUnpackedBytes'
  | 'maxObjects'
  | 'maxFileBytes'
  | 'maxFiles'
  | 'maxReadBytes'
  | 'maxDiskBytes'
  | 'maxHealBytes'
  | 'maxPacks'
  | 'maxRedirects'
  | 'aliveFile'
  | 'logFormat'
  | 'logLevel';

export const agentSettings: readonly Setting[] = [
  {
    key: 'repo',
    value: 'url',
    description:
      'the config repo: an https:// or ssh:// URL, user@host:path, or a folder, several of which are tried in order; or an oci:// artifact, or a .bundle file',
    list: true,
  },
  { key: 'site', value: 'name', description: "this site's name (not needed for a lone Compose file)" },
  { key: 'path', value: 'dir', description: "the config repo's folder in the repo" },
  {
    key: 'revision',
    value: 'ref',
    description: "a branch, tag, range of versions (^1.2) or commit to follow (default: the repo's HEAD)",
  },
  { key: 'interval', value: 'duration', description: 'between two polls, with up to a tenth more', default: '60s' },
  { key: 'resync', value: 'duration', description: 'between two looks at everything, events or not', default: '5m' },
  {
    key: 'gitTimeout',
    value: 'duration',
    description: 'how long the config repo may say nothing before a poll or a fetch is tried anew',
    default: '60s',
  },
  {
    key: 'gitTotalTimeout',
    value: 'duration',
    description: 'how long one poll or fetch may take in all before it is tried anew',
    default: '1h',
  },
  { key: 'stateDir', value: 'dir', description: 'what must survive a restart', default: '/var/lib/holdfast/state' },
  {
    key: 'filesDir',
    value: 'dir',
    description: 'files of Git that services bind; the same path on the host and in a container',
    default: '/var/lib/holdfast/apps',
  },
  {
    key: 'projectRoot',
    value: 'dir',
    description:
      "a folder in which Applications may have their projectDirectory, so that files of Git are written there too; never the agent's own",
    list: true,
  },
  {
    key: 'sharedRoot',
    value: 'dir',
    description: 'the same, and several apps may write to one folder in it',
    list: true,
  },
  { key: 'values', value: 'file', description: "the site's own values, which are not in Git: a flat YAML mapping" },
  { key: 'trust', value: 'file', description: 'a trust.yaml: who must have signed what this site accepts' },
  { key: 'dockerHost', value: 'url', description: 'the engine (default: DOCKER_HOST, or the local socket)' },
  { key: 'username', value: 'name', description: 'for the config repo' },
  { key: 'password', value: 'secret', description: 'for the config repo', secret: true },
  { key: 'passwordFile', value: 'file', description: 'a file with the password, read anew at each use' },
  { key: 'token', value: 'secret', description: 'for the config repo, instead of a password', secret: true },
  { key: 'tokenFile', value: 'file', description: 'a file with the token, read anew at each use' },
  {
    key: 'tokenScheme',
    value: 'scheme',
    description: 'how a token is given: basic, as the password of a user, or bearer',
    default: 'basic',
  },
  {
    key: 'credentialCommand',
    value: 'command',
    description: 'a program and its arguments that print a token, or what a credential helper of Git prints; no shell',
    list: true,
  },
  { key: 'caFile', value: 'file', description: "a PEM file with the config repo's own certificate authority" },
  { key: 'certFile', value: 'file', description: 'a PEM file with a client certificate for the config repo' },
  { key: 'keyFile', value: 'file', description: 'a PEM file with the key of the client certificate' },
  { key: 'sshKeyFile', value: 'file', description: 'a private key for the config repo over SSH' },
  { key: 'sshPassphraseFile', value: 'file', description: 'a file with the passphrase of that key' },
  {
    key: 'knownHostsFile',
    value: 'file',
    description: 'the keys of SSH servers (default: ~/.ssh/known_hosts and /etc/ssh/ssh_known_hosts)',
  },
  {
    key: 'sshAcceptNewHostKey',
    value: '',
    description:
      'believe an SSH server of which no key is known the first time, and write its key to --known-hosts-file',
    isSwitch: true,
  },
  { key: 'maxFetchBytes', value: 'size', description: 'what one fetch may send', default: '256MiB' },
  { key: 'maxUnpackedBytes', value: 'size', description: 'what one fetch may unpack to', default: '1GiB' },
  { key: 'maxObjects', value: 'number', description: 'Git objects in one fetch', default: '500000' },
  { key: 'maxFileBytes', value: 'size', description: 'one file of the config repo', default: '32MiB' },
  { key: 'maxFiles', value: 'number', description: 'files and folders read of one commit', default: '100000' },
  { key: 'maxReadBytes', value: 'size', description: 'all files read of one commit', default: '128MiB' },
  { key: 'maxDiskBytes', value: 'size', description: 'all that is kept of the config repo', default: '512MiB' },
  {
    key: 'maxHealBytes',
    value: 'size',
    description: 'what may be fetched again in a day because it was damaged on the disk',
    default: '256MiB',
  },
  { key: 'maxPacks', value: 'number', description: 'packs of Git objects before they are merged', default: '50' },
  { key: 'maxRedirects', value: 'number', description: 'redirects of one request', default: '5' },
  {
    key: 'aliveFile',
    value: 'file',
    description: 'a file in memory (below /run) that the agent renews every 10 s while it works, for health checks',
  },
  { key: 'logFormat', value: 'format', description: 'text or json (default: text on a terminal, else json)' },
  { key: 'logLevel', value: 'level', description: 'error, warn, info or debug', default: 'info' },
];

const kebab = (key: string): string => key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

export const flagOf = (key: AgentKey): string => `--${kebab(key)}`;

/** Credentials are of Git and say so, since an agent has other environment as well. */
export function variableOf(key: AgentKey): string {
  const name = kebab(key).replaceAll('-', '_').toUpperCase();
  return /^(username|password|token|credential)/.test(key) ? `HOLDFAST_GIT_${name}` : `HOLDFAST_${name}`;
}

/** Defaults are applied later, so that the environment and the config file can stand in for them. */
export function agentOption({ key, value, description, default: fallback, list, isSwitch }: Setting): Option {
  const notes = [`environment: ${variableOf(key)}`, ...(fallback ? [`default: ${fallback}`] : [])].join(', ');
  const option = new Option(isSwitch ? flagOf(key) : `${flagOf(key)} <${value}>`, `${description} (${notes})`);
  return list ? option.argParser((text, before: string[] = []) => [...before, ...words(text, flagOf(key))]) : option;
}

/** Settings of several values. */
type ListKey = 'credentialCommand' | 'repo' | 'projectRoot' | 'sharedRoot';

export type AgentSettings = Partial<Record<Exclude<AgentKey, ListKey>, string> & Record<ListKey, string[]>>;

/** `a b c` or `["a", "b c"]`. Throws InputError. */
function words(text: string, where: string): string[] {
  if (!text.trimStart().startsWith('[')) return text.split(/\s+/).filter((word) => word !== '');
  const parsed = parseJson(text);
  if (Array.isArray(parsed) && parsed.every((word) => typeof word === 'string')) return parsed;
  throw InputError.at(undefined, `${where} must be words, or a JSON array of them`, 'as ["program", "an argument"]');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What an agent is told: by flag, else by environment, else by config file, else by default. Throws InputError. */
export async function resolveAgentSettings(
  flags: AgentSettings,
  environment: NodeJS.ProcessEnv,
  configFile: string | undefined,
): Promise<AgentSettings> {
  const file = configFile === undefined ? {} : await readConfigFile(configFile);
  const entries = agentSettings.flatMap(({ key, list, default: fallback }) => {
    const text = environment[variableOf(key)] || undefined;
    const variable = text !== undefined && list ? words(text, variableOf(key)) : text;
    const value: unknown = flags[key] ?? variable ?? file[key] ?? fallback;
    return value === undefined ? [] : [[key, typeof value === 'boolean' ? String(value) : value] as const];
  });
  // Each value is of its key's type: a flag and a variable by `list`, the file by its schema.
  return Object.fromEntries(entries) as AgentSettings;
}

async function readConfigFile(path: string): Promise<AgentSettings> {
  const content = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    throw InputError.at(undefined, `the config file ${path} cannot be read: ${error.code ?? error.message}`);
  });
  const root = parseYaml(utf8(content, path), path);
  if (!root) return {};
  const problems = await schemaProblems(root, 'agent');
  if (problems.length > 0) throw new InputError(problems);
  const plain = toPlain(root) as Record<string, string | number | boolean | string[]>;
  const lists = new Set<string>(agentSettings.filter(({ list }) => list).map(({ key }) => key));
  const texts = Object.entries(plain).map(([key, value]) => {
    if (lists.has(key)) return [key, [value].flat()];
    return [key, String(value)];
  });
  return Object.fromEntries(texts) as AgentSettings;
}
