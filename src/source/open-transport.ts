import type { Clock } from '../lib/clock.ts';
import { httpClient } from './http.ts';
import type { TlsFiles } from './http-agents.ts';
import { httpTransport } from './http-transport.ts';
import type { SourceLimits } from './limits.ts';
import { localTransport } from './local-transport.ts';
import type { ProxySettings } from './proxy.ts';
import type { CredentialsProvider, Remote } from './remote.ts';
import { type SshSettings, sshTransport } from './ssh-transport.ts';
import type { Transport } from './transport.ts';

/** How a remote is reached. */
export interface TransportOptions extends TlsFiles {
  clock: Clock;
  credentials?: CredentialsProvider;
  proxy?: ProxySettings;
  /** Without it no SSH host is known. */
  ssh?: SshSettings;
}

/** The way to a remote that its URL asks for. Nothing is sent before the first request. */
export function openTransport(remote: Remote, limits: SourceLimits, options: TransportOptions): Transport {
  const { clock } = options;
  if (remote.ssh) return sshTransport(remote.ssh, options.ssh ?? { knownHostsFiles: [] }, { clock, limits });
  if (remote.dir !== undefined) return localTransport(remote.dir, { clock, limits });
  const credentials: CredentialsProvider = async (asked) => (await options.credentials?.(asked)) ?? remote.credentials;
  return httpTransport(httpClient({ ...options, limits, credentials }), remote.url);
}
