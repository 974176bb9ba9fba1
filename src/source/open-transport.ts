import type { Clock } from '../lib/clock.ts';
import { httpClient } from './http.ts';
import type { TlsFiles } from './http-agents.ts';
import { httpTransport } from './http-transport.ts';
import type { SourceLimits } from './limits.ts';
import type { ProxySettings } from './proxy.ts';
import type { CredentialsProvider, Remote } from './remote.ts';
import type { Transport } from './transport.ts';

/** How a remote is reached, and what it may cost. */
export interface TransportOptions extends TlsFiles {
  clock: Clock;
  credentials?: CredentialsProvider;
  proxy?: ProxySettings;
}

/** The way to a remote that its URL asks for. Nothing is sent before the first request. */
export function openTransport(remote: Remote, limits: SourceLimits, options: TransportOptions): Transport {
  const credentials: CredentialsProvider = async (asked) => (await options.credentials?.(asked)) ?? remote.credentials;
  return httpTransport(httpClient({ ...options, limits, credentials }), remote.url);
}
