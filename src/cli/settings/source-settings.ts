import { join } from 'node:path';
import type { StoreLimits } from '../../git/store-limits.ts';
import type { SshSettings } from '../../git/transport/ssh-transport.ts';
import { systemClock } from '../../lib/clock.ts';
import { InputError, SourceError } from '../../lib/errors.ts';
import { credentialsFrom } from '../../net/credentials/credentials.ts';
import { registryAuth } from '../../net/credentials/registry-auth.ts';
import { proxyFrom } from '../../net/http/proxy.ts';
import type { SourceLimits } from '../../net/limits.ts';
import type { RemoteOptions } from '../../source/open-upstream.ts';
import { type SourceSettings, sourceSettings } from './agent-settings.ts';
import { resolveSettings } from './resolve-settings.ts';

/** Turns settings into the options of a source. Throws InputError for settings that do not go together. */
export function sourceOptions(
  settings: SourceSettings,
  environment: NodeJS.ProcessEnv,
): RemoteOptions & { limits: SourceLimits; storeLimits: Partial<StoreLimits> } {
  const { caFile, certFile, keyFile } = settings;
  if ((certFile === undefined) !== (keyFile === undefined))
    throw InputError.of('--cert-file and --key-file go together: a client certificate is used with its key');
  return {
    clock: systemClock,
    credentials: credentialsFrom(settings, systemClock),
    proxy: proxyFrom(environment),
    caFile,
    certFile,
    keyFile,
    ssh: sshSettings(settings, environment),
    registryAuth: (registry) =>
      registryAuth(registry, environment, (sentence, options) => new SourceError('auth', sentence, options)),
    limits: {
      bytes: settings.maxFetchBytes,
      redirects: settings.maxRedirects,
      idle: settings.gitTimeout,
      total: settings.gitTotalTimeout,
    },
    storeLimits: {
      packBytes: settings.maxFetchBytes,
      unpackedBytes: settings.maxUnpackedBytes,
      objects: settings.maxObjects,
      objectBytes: settings.maxFileBytes,
      files: settings.maxFiles,
      readBytes: settings.maxReadBytes,
      diskBytes: settings.maxDiskBytes,
      healBytes: settings.maxHealBytes,
      packs: settings.maxPacks,
    },
  };
}

/** The options of a source by the environment alone, for commands without such flags. Throws InputError. */
export const sourceOptionsFrom = async (environment: NodeJS.ProcessEnv) =>
  sourceOptions(await resolveSettings(sourceSettings, { environment }), environment);

function sshSettings(settings: SourceSettings, environment: NodeJS.ProcessEnv): SshSettings {
  const { sshKeyFile, sshPassphraseFile, knownHostsFile, sshAcceptNewHostKey: acceptNew } = settings;
  if (acceptNew && knownHostsFile === undefined)
    throw InputError.of('--ssh-accept-new-host-key needs --known-hosts-file, which the key is written to');
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
