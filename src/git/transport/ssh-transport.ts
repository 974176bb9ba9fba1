import { createHash } from 'node:crypto';
import { appendFile, readFile } from 'node:fs/promises';
import type { Client, ClientChannel, ConnectConfig } from 'ssh2';
import { messageOf, SourceError } from '../../lib/errors.ts';
import { excerpt } from '../../lib/text/printable.ts';
import { networkError } from '../../net/network-errors.ts';
import { readSmall } from '../../net/read-small.ts';
import type { SshAddress } from '../remote.ts';
import {
  type HostVerdict,
  judgeHostKey,
  type KnownHost,
  keyType,
  knownHostLine,
  knownTypes,
  parseKnownHosts,
} from './known-hosts.ts';
import { readableKey } from './ssh-private-key.ts';
import { type Conversation, type StreamTransportOptions, streamTransport } from './stream-transport.ts';
import type { Transport } from './transport.ts';

/** The identity that is shown to an SSH server, and the keys that it must show. */
export interface SshSettings {
  /** A private key, as ssh-keygen or OpenSSL writes it. */
  keyFile?: string | undefined;
  /** A file with the key's passphrase. */
  passphraseFile?: string | undefined;
  /** The socket of an agent that holds keys. */
  agent?: string | undefined;
  /** Files of host keys, the first of which new ones are written to. */
  knownHostsFiles: readonly string[];
  /** A host of which no key is known is believed the first time. */
  acceptNew?: boolean;
}

/** The time between questions for a sign of life, while nothing else is said. */
const KEEPALIVE = 60_000;

/** Loaded when the first connection is made: most sites never need it. */
const loadSsh = () => import('ssh2');

/** The kinds of signature that a type of key makes; those of SHA-1 are not accepted. */
const SIGNATURES: Record<string, string[]> = { 'ssh-rsa': ['rsa-sha2-512', 'rsa-sha2-256'] };
const HOST_KEYS = [
  'ssh-ed25519',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'rsa-sha2-512',
  'rsa-sha2-256',
];

/**
 * Git over SSH, a connection kept for the next request. The host's key is one that a known_hosts file holds, always; it is never asked for, and
 * believed unseen only where that was asked for. `path` is the repo's, on the server.
 */
export function sshTransport(
  address: SshAddress,
  settings: SshSettings,
  options: Pick<StreamTransportOptions, 'clock' | 'limits'>,
): Transport {
  const host = address.port === 22 ? address.host : `${address.host}:${address.port}`;
  let kept: { client: Client; isUsed: boolean } | undefined;

  const drop = (): void => {
    kept?.client.destroy();
    kept = undefined;
  };
  const open = async (signal: AbortSignal): Promise<Conversation> => {
    const connection = kept ?? {
      client: await connect(address, host, settings, Math.min(options.limits.idle, KEEPALIVE), signal),
      isUsed: false,
    };
    if (kept !== connection) {
      connection.client.once('close', () => {
        if (kept === connection) kept = undefined;
      });
    }
    kept = connection;
    // After a request without an answer, the next one uses a new connection.
    signal.addEventListener('abort', () => kept === connection && drop(), { once: true });
    try {
      const conversation = await uploadPack(connection.client, address.path, host);
      connection.isUsed = true;
      return conversation;
    } catch (error) {
      drop();
      // A kept connection that died meanwhile says nothing about the server.
      if (connection.isUsed && !signal.aborted) return open(signal);
      throw error;
    }
  };
  return streamTransport({ ...options, host, open, close: drop });
}

async function connect(
  { host, port, user }: SshAddress,
  name: string,
  settings: SshSettings,
  keepalive: number,
  signal: AbortSignal,
): Promise<Client> {
  const known = await readKnown(settings);
  const [keyText, passphraseText] = await Promise.all([
    settings.keyFile === undefined ? undefined : secret(settings.keyFile, 'the SSH key'),
    settings.passphraseFile === undefined ? undefined : secret(settings.passphraseFile, "the SSH key's passphrase"),
  ]);
  const passphrase = passphraseText?.replace(/\r?\n$/, '');
  const privateKey = keyText === undefined ? undefined : readableKey(keyText, passphrase, settings.keyFile ?? '');
  const { Client } = await loadSsh();
  const types = knownTypes(known, host, port).flatMap((type) => SIGNATURES[type] ?? [type]);
  const offered = types.filter((type) => HOST_KEYS.includes(type));
  let verdict: HostVerdict = 'unknown';
  let shown: Buffer = Buffer.alloc(0);
  const config: ConnectConfig = {
    host,
    port,
    username: user,
    // The caller has its own limits of time.
    readyTimeout: 0,
    // A kept connection that a router forgot is noticed before the next poll waits on it.
    keepaliveInterval: keepalive,
    keepaliveCountMax: 2,
    algorithms: { serverHostKey: (offered.length > 0 ? offered : HOST_KEYS) as never },
    hostVerifier: (key: Buffer) => {
      shown = key;
      verdict = judgeHostKey(known, host, port, key);
      return verdict === 'known' || (verdict === 'unknown' && settings.acceptNew === true);
    },
    ...(privateKey !== undefined && { privateKey }),
    ...(passphrase !== undefined && { passphrase }),
    ...(privateKey === undefined && settings.agent !== undefined && { agent: settings.agent }),
  };
  // An abort that came before anybody listens for it would be lost.
  signal.throwIfAborted();
  const client = new Client();
  const stop = (): void => {
    client.destroy();
  };
  signal.addEventListener('abort', stop, { once: true });
  try {
    await new Promise<void>((resolve, reject) => {
      client.once('ready', resolve);
      client.on('error', reject);
      client.once('close', () => reject(new SourceError('unreachable', `${name} closed the connection in the middle`)));
      client.connect(config);
    });
  } catch (error) {
    client.destroy();
    if (signal.aborted) throw error;
    const words = messageOf(error).match(/^Cannot parse privateKey: (.*)/)?.[1];
    if (words !== undefined)
      throw new SourceError('auth', `The SSH key ${settings.keyFile} cannot be used: ${excerpt(words)}`, {
        cause: error,
      });
    throw hostKeyError(verdict, shown, { host, port }, settings) ?? sshError(error, name, user, settings);
  } finally {
    signal.removeEventListener('abort', stop);
  }
  if (verdict === 'unknown') await remember(settings, knownHostLine(host, port, shown), client);
  return client;
}

async function readKnown({ knownHostsFiles, acceptNew }: SshSettings): Promise<KnownHost[]> {
  const files = await Promise.all(
    knownHostsFiles.map((path) =>
      readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
        // One that is not there knows no host; where that may be, a new one is made.
        if (error.code === 'ENOENT' && (acceptNew || knownHostsFiles.length > 1)) return '';
        throw new SourceError('hostKey', `The file with known SSH hosts cannot be read: ${messageOf(error)}`, {
          cause: error,
        });
      }),
    ),
  );
  return files.flatMap(parseKnownHosts);
}

/** A key that cannot be written down would be believed each time, for any server that shows one. */
async function remember({ knownHostsFiles: [file] }: SshSettings, line: string, client: Client): Promise<void> {
  try {
    if (file !== undefined) await appendFile(file, line, { mode: 0o600 });
  } catch (error) {
    client.destroy();
    throw new SourceError('hostKey', `The key of a new SSH host cannot be written down: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

function uploadPack(client: Client, path: string, host: string): Promise<Conversation> {
  return new Promise((resolve, reject) => {
    const lost = (): void => reject(new SourceError('unreachable', `${host} closed the connection in the middle`));
    client.once('close', lost);
    const command = `git-upload-pack '${path.replaceAll("'", `'\\''`)}'`;
    const take = (error: Error | undefined, channel: ClientChannel): void => {
      client.removeListener('close', lost);
      if (error)
        reject(new SourceError('protocol', `${host} does not let Git be used: ${error.message}`, { cause: error }));
      else resolve(conversation(channel, host, path));
    };
    try {
      client.exec(command, { env: { GIT_PROTOCOL: 'version=2' } }, take);
    } catch (error) {
      // The connection may be closed and not have said so.
      reject(networkError(error, host));
    }
  });
}

function conversation(channel: ClientChannel, host: string, path: string): Conversation {
  let words = '';
  channel.stderr.on('data', (chunk: Buffer) => {
    words = (words + chunk.toString('utf8')).slice(0, 2000);
  });
  channel.on('error', (error: Error) => {
    words ||= error.message;
  });
  return {
    output: channel,
    tell: (text) => channel.write(text),
    end: () => {
      channel.end();
      channel.destroy();
    },
    failure: async () =>
      words === '' ? undefined : new SourceError('notFound', `${host} does not give out ${path}: ${excerpt(words)}`),
  };
}

function hostKeyError(
  verdict: HostVerdict,
  key: Buffer,
  { host: name, port }: Pick<SshAddress, 'host' | 'port'>,
  settings: SshSettings,
): SourceError | undefined {
  if (key.length === 0 || verdict === 'known') return undefined;
  const type = excerpt(keyType(key));
  const host = port === 22 ? name : `${name}:${port}`;
  // As `ssh-keygen -l` prints it, to be held against what the server's owner says.
  const print = `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;
  const file = settings.knownHostsFiles[0] ?? 'a known_hosts file';
  if (verdict === 'revoked')
    return new SourceError('hostKey', `The ${type} key that ${host} shows, ${print}, was revoked`);
  if (verdict === 'changed') {
    return new SourceError(
      'hostKey',
      `The ${type} key that ${host} shows, ${print}, is not the one that is known of it (${file}): it may be another server that wants to be taken for it`,
    );
  }
  if (settings.acceptNew) return undefined;
  return new SourceError(
    'hostKey',
    `No key of ${host} is known, and it is not believed unseen. It shows the ${type} key ${print}: once you have checked that, add what \`ssh-keyscan${port === 22 ? '' : ` -p ${port}`} ${name}\` prints to ${file}`,
  );
}

function sshError(error: unknown, host: string, user: string, { keyFile, agent }: SshSettings): SourceError {
  if (error instanceof SourceError) return error;
  const { level } = error as { level?: string };
  if (level === 'agent')
    return new SourceError('auth', `The SSH agent at ${agent} cannot be used: ${excerpt(messageOf(error))}`, {
      cause: error,
    });
  if (level === 'client-authentication') {
    const how = keyFile
      ? `with the SSH key ${keyFile}`
      : agent
        ? 'with any key of the SSH agent'
        : 'without an SSH key';
    return new SourceError('auth', `${host} does not let ${user} in ${how}`, { cause: error });
  }
  if (level === 'protocol' || level === 'handshake') {
    const why = excerpt(messageOf(error));
    return new SourceError('protocol', `No SSH connection to ${host} could be made: ${why}`, { cause: error });
  }
  return networkError(error, host);
}

async function secret(path: string, what: string): Promise<string> {
  try {
    return await readSmall(path);
  } catch (error) {
    throw new SourceError('auth', `The file with ${what} cannot be read: ${messageOf(error)}`, { cause: error });
  }
}
