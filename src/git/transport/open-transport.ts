import type { CredentialsProvider } from '../../net/credentials/provider.ts';
import { type HttpSettings, httpClient } from '../../net/http/http.ts';
import type { SourceLimits } from '../../net/limits.ts';
import type { GitRemote } from '../remote.ts';
import { httpTransport } from './http-transport.ts';
import { localTransport } from './local-transport.ts';
import { remotesInOrder } from './remotes-in-order.ts';
import { type SshSettings, sshTransport } from './ssh-transport.ts';
import type { Transport } from './transport.ts';

/** Settings by which a remote is reached. */
export interface TransportOptions extends HttpSettings {
  /** Without it no SSH host is known. */
  ssh?: SshSettings;
  /** Called when another of several remotes answers than before. */
  onRemote?: (url: string) => void;
}

/** One or more remotes of the same repo, in order of preference. */
export function openRemotes(remotes: readonly GitRemote[], limits: SourceLimits, options: TransportOptions): Transport {
  const isTls = ({ url }: GitRemote): boolean => url.startsWith('https:');
  const { credentials: _, ...unknown } = options;
  const transports = remotes.map((remote) => ({
    url: remote.url,
    // Credentials that are meant for a server with TLS are sent to none without it.
    transport: openTransport(remote, limits, isTls(remote) || !remotes.some(isTls) ? options : unknown),
  }));
  const [only, ...others] = transports;
  if (only && others.length === 0) return only.transport;
  return remotesInOrder(transports, options.onRemote ?? (() => {}));
}

/** The transport for a remote's kind. Nothing is sent before the first request. */
export function openTransport(remote: GitRemote, limits: SourceLimits, options: TransportOptions): Transport {
  const { clock } = options;
  switch (remote.kind) {
    case 'ssh':
      return sshTransport(remote.address, options.ssh ?? { knownHostsFiles: [] }, { clock, limits });
    case 'folder':
      return localTransport(remote.dir, { clock, limits });
    case 'http': {
      const username = remote.credentials?.username || undefined;
      const credentials: CredentialsProvider = async (asked) =>
        (await options.credentials?.({ refused: false, ...asked, username })) ?? remote.credentials;
      return httpTransport(httpClient({ ...options, limits, credentials }), remote.url);
    }
  }
}
