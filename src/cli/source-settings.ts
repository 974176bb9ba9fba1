import { join } from 'node:path';
import { parseBytes } from '../compose/keys/quantities.ts';
import { systemClock } from '../lib/clock.ts';
import { InputError, SourceError } from '../lib/errors.ts';
import { registryAuth } from '../lib/registry-auth.ts';
import type { StoreLimits } from '../source/store/store-limits.ts';
import { credentialsFrom } from '../source/wire/credentials.ts';
import type { SourceLimits } from '../source/wire/limits.ts';
import type { TransportOptions } from '../source/wire/open-transport.ts';
import { proxyFrom } from '../source/wire/proxy.ts';
import type { SshSettings } from '../source/wire/ssh-transport.ts';
import { durationMs } from './duration.ts';
import { type AgentKey, type AgentSettings, flagOf, resolveAgentSettings } from './settings.ts';

/** How a config repo is reached and what it may cost, by the agent's settings. Throws InputError. */
export function sourceOptions(
  settings: AgentSettings,
  environment: NodeJS.ProcessEnv,
): TransportOptions & { limits: SourceLimits; storeLimits: Partial<StoreLimits> } {
  const { tokenScheme = 'basic', caFile, certFile, keyFile } = settings;
  if (tokenScheme !== 'basic' && tokenScheme !== 'bearer')
    throw InputError.at(undefined, `--token-scheme must be basic or bearer, not "${tokenScheme}"`);
  if ((certFile === undefined) !== (keyFile === undefined))
    throw InputError.at(undefined, '--cert-file and --key-file go together: a client certificate is used with its key');
  return {
    clock: systemClock,
    credentials: credentialsFrom({ ...settings, tokenScheme }, systemClock),
    proxy: proxyFrom(environment),
    caFile,
    certFile,
    keyFile,
    ssh: sshSettings(settings, environment),
    registryAuth: (registry) =>
      registryAuth(registry, environment, (sentence, options) => new SourceError('auth', sentence, options)),
    limits: {
      bytes: bytes(settings, 'maxFetchBytes'),
      redirects: count(settings, 'maxRedirects'),
      idle: durationMs(settings.gitTimeout ?? '', '--git-timeout'),
      total: durationMs(settings.gitTotalTimeout ?? '', '--git-total-timeout'),
    },
    storeLimits: {
      packBytes: bytes(settings, 'maxFetchBytes'),
      unpackedBytes: bytes(settings, 'maxUnpackedBytes'),
      objects: count(settings, 'maxObjects'),
      objectBytes: maxFileBytes(settings),
      files: count(settings, 'maxFiles', 1),
      readBytes: bytes(settings, 'maxReadBytes'),
      diskBytes: bytes(settings, 'maxDiskBytes'),
      healBytes: bytes(settings, 'maxHealBytes'),
      packs: count(settings, 'maxPacks', 2),
    },
  };
}

/** Bytes that a site takes of one file of the config repo. Throws InputError. */
export const maxFileBytes = (settings: AgentSettings): number => bytes(settings, 'maxFileBytes');

/** The same on a laptop, which has it of the environment alone. */
export const maxFileBytesFrom = async (environment: NodeJS.ProcessEnv): Promise<number> =>
  maxFileBytes(await resolveAgentSettings({}, environment, undefined));

/** The same by the environment alone, for commands that have no settings of their own. Throws InputError. */
export const sourceOptionsFrom = async (environment: NodeJS.ProcessEnv) =>
  sourceOptions(await resolveAgentSettings({}, environment, undefined), environment);

function sshSettings(settings: AgentSettings, environment: NodeJS.ProcessEnv): SshSettings {
  const { sshKeyFile, sshPassphraseFile, knownHostsFile, sshAcceptNewHostKey = 'false' } = settings;
  if (!/^(true|false|0|1)$/.test(sshAcceptNewHostKey))
    throw InputError.at(undefined, `${flagOf('sshAcceptNewHostKey')} is true or false, not "${sshAcceptNewHostKey}"`);
  const acceptNew = /^(true|1)$/.test(sshAcceptNewHostKey);
  if (acceptNew && knownHostsFile === undefined)
    throw InputError.at(
      undefined,
      `${flagOf('sshAcceptNewHostKey')} needs --known-hosts-file, which the key is written to`,
    );
  return {
    keyFile: sshKeyFile,
    passphraseFile: sshPassphraseFile,
    agent: environment.SSH_AUTH_SOCK || undefined,
    knownHostsFiles: knownHostsFile === undefined ? usualKnownHosts(environment) : [knownHostsFile],
    acceptNew,
  };
}

const usualKnownHosts = ({ HOME }: NodeJS.ProcessEnv): string[] => [
  ...(HOME ? [join(HOME, '.ssh', 'known_hosts')] : []),
  '/etc/ssh/ssh_known_hosts',
];

type Counted = 'maxObjects' | 'maxFiles' | 'maxPacks' | 'maxRedirects';
type Sized = 'maxFetchBytes' | 'maxUnpackedBytes' | 'maxFileBytes' | 'maxReadBytes' | 'maxDiskBytes' | 'maxHealBytes';

function bytes(settings: AgentSettings, key: Sized & AgentKey): number {
  const found = parseBytes(settings[key] ?? '');
  if (found !== undefined && found > 0) return found;
  throw InputError.at(
    undefined,
    `${flagOf(key)} must be a size above zero, not "${settings[key]}"`,
    'for example 256MiB',
  );
}

function count(settings: AgentSettings, key: Counted & AgentKey, least = 0): number {
  const text = settings[key] ?? '';
  if (/^\d{1,15}$/.test(text) && Number(text) >= least) return Number(text);
  throw InputError.at(undefined, `${flagOf(key)} must be a whole number from ${least} on, not "${text}"`);
}
