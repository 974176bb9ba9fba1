import type { Clock } from '../../lib/clock.ts';
import type { RegistryAuth } from '../../lib/registry-auth.ts';
import type { CredentialsProvider, Remote } from '../remote.ts';
import { httpClient } from './http.ts';
import type { TlsFiles } from './http-agents.ts';
import { httpTransport } from './http-transport.ts';
import type { SourceLimits } from './limits.ts';
import { localTransport } from './local-transport.ts';
import type { ProxySettings } from './proxy.ts';
import { remotesInOrder } from './remotes-in-order.ts';
import { type SshSettings, sshTransport } from './ssh-transport.ts';
import type { Transport } from './transport.ts';

/** How a remote is reached. */
export interface TransportOptions extends TlsFiles {
  clock: Clock;
  credentials?: CredentialsProvider;
  proxy?: ProxySettings;
  /** Without it no SSH host is known. */
  ssh?: SshSettings;
  /** What a registry is logged in to with, asked anew each time. Without it, anonymously. */
  registryAuth?: (registry: string) => Promise<RegistryAuth | undefined>;
  /** Told that another of several remotes answers now. */
  onRemote?: (url: string) => void;
}

/** One or more remotes of the same repo, in order of preference. */
export function openRemotes(remotes: readonly Remote[], limits: SourceLimits, options: TransportOptions): Transport {
  const isTls = ({ url }: Remote): boolean => url.startsWith('https:');
  const { credentials: _, ...unknown } = options;
  const transports = remotes.map((remote) => ({
    url: remote.url,
    // What is meant for the server behind TLS is told to nobody in the clear.
    transport: openTransport(remote, limits, isTls(remote) || !remotes.some(isTls) ? options : unknown),
  }));
  const [only, ...others] = transports;
  if (only && others.length === 0) return only.transport;
  return remotesInOrder(transports, options.onRemote ?? (() => {}));
}

/** The way to a remote that its URL asks for. Nothing is sent before the first request. */
export function openTransport(remote: Remote, limits: SourceLimits, options: TransportOptions): Transport {
  const { clock } = options;
  if (remote.ssh) return sshTransport(remote.ssh, options.ssh ?? { knownHostsFiles: [] }, { clock, limits });
  if (remote.dir !== undefined) return localTransport(remote.dir, { clock, limits });
  const username = remote.credentials?.username || undefined;
  const credentials: CredentialsProvider = async (asked) =>
    (await options.credentials?.({ refused: false, ...asked, username })) ?? remote.credentials;
  return httpTransport(httpClient({ ...options, limits, credentials }), remote.url);
}
