import { Option } from 'commander';

/** A setting of the agent: one row gives its flag, its environment variable and its key in the config file (schemas/agent.schema.json). */
export interface Setting {
  key: AgentKey;
  /** What stands for the value in the help. */
  value: string;
  description: string;
  default?: string;
  /** Too secret for a process list: a variable or a key of the config file, but no flag. */
  secret?: boolean;
}

export type AgentKey =
  | 'repo'
  | 'site'
  | 'path'
  | 'revision'
  | 'interval'
  | 'resync'
  | 'stateDir'
  | 'filesDir'
  | 'values'
  | 'dockerHost'
  | 'username'
  | 'password'
  | 'passwordFile'
  | 'token'
  | 'tokenFile'
  | 'caFile'
  | 'logFormat'
  | 'logLevel';

export const agentSettings: readonly Setting[] = [
  { key: 'repo', value: 'url', description: 'the config repo, over HTTP or HTTPS (required)' },
  { key: 'site', value: 'name', description: "this site's name (not needed for a lone Compose file)" },
  { key: 'path', value: 'dir', description: "the config repo's folder in the repo" },
  { key: 'revision', value: 'ref', description: "a branch, tag or commit to follow (default: the repo's HEAD)" },
  { key: 'interval', value: 'duration', description: 'between two polls, with up to a tenth more', default: '60s' },
  { key: 'resync', value: 'duration', description: 'between two looks at everything, events or not', default: '5m' },
  { key: 'stateDir', value: 'dir', description: 'what must survive a restart', default: '/var/lib/holdfast/state' },
  {
    key: 'filesDir',
    value: 'dir',
    description: 'files of Git that services bind; the same path on the host and in a container',
    default: '/var/lib/holdfast/apps',
  },
  { key: 'values', value: 'file', description: "the site's own values, which are not in Git: a flat YAML mapping" },
  { key: 'dockerHost', value: 'url', description: 'the engine (default: DOCKER_HOST, or the local socket)' },
  { key: 'username', value: 'name', description: 'for the config repo' },
  { key: 'password', value: 'secret', description: 'for the config repo', secret: true },
  { key: 'passwordFile', value: 'file', description: 'a file with the password, read anew at each use' },
  { key: 'token', value: 'secret', description: 'for the config repo, instead of a password', secret: true },
  { key: 'tokenFile', value: 'file', description: 'a file with the token, read anew at each use' },
  { key: 'caFile', value: 'file', description: "a PEM file with the config repo's own certificate authority" },
  { key: 'logFormat', value: 'format', description: 'text or json (default: text on a terminal, else json)' },
  { key: 'logLevel', value: 'level', description: 'error, warn, info or debug', default: 'info' },
];

const kebab = (key: string): string => key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

export const flagOf = (key: AgentKey): string => `--${kebab(key)}`;

/** Credentials are of Git and say so, since an agent has other environment as well. */
export function variableOf(key: AgentKey): string {
  const name = kebab(key).replaceAll('-', '_').toUpperCase();
  return /^(username|password|token)/.test(key) ? `HOLDFAST_GIT_${name}` : `HOLDFAST_${name}`;
}

/** Defaults are applied later, so that the environment and the config file can stand in for them. */
export function agentOption({ key, value, description, default: fallback }: Setting): Option {
  const notes = [`environment: ${variableOf(key)}`, ...(fallback ? [`default: ${fallback}`] : [])].join(', ');
  return new Option(`${flagOf(key)} <${value}>`, `${description} (${notes})`);
}
