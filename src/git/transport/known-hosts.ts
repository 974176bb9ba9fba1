import { createHmac, timingSafeEqual } from 'node:crypto';
import { globMatches } from '../../lib/text/glob.ts';

/** One line of a known_hosts file. Source: sshd(8), SSH_KNOWN_HOSTS FILE FORMAT. */
export interface KnownHost {
  isRevoked: boolean;
  /** Patterns, or one hash. */
  hosts: string;
  type: string;
  key: Buffer;
}

export type HostVerdict = 'known' | 'unknown' | 'changed' | 'revoked';

/** The keys of a known_hosts file. Lines of certificate authorities are left out: certificates of hosts are not taken. */
export function parseKnownHosts(text: string): KnownHost[] {
  return text.split(/\r?\n/).flatMap((line) => {
    const words = line.trim().split(/\s+/);
    const marker = words[0]?.startsWith('@') ? words.shift() : undefined;
    const [hosts = '', type = '', base64 = ''] = words;
    if (hosts === '' || hosts.startsWith('#') || base64 === '') return [];
    if (marker !== undefined && marker !== '@revoked') return [];
    return [{ isRevoked: marker === '@revoked', hosts, type, key: Buffer.from(base64, 'base64') }];
  });
}

/** The verdict of the file on the key that a host shows. A revoked key is revoked for every name that its line matches. */
export function judgeHostKey(known: readonly KnownHost[], host: string, port: number, key: Buffer): HostVerdict {
  const ofHost = known.filter(({ hosts }) => matches(hosts, host, port));
  const same = ofHost.filter((line) => line.key.equals(key));
  if (same.some(({ isRevoked }) => isRevoked)) return 'revoked';
  if (same.length > 0) return 'known';
  return ofHost.some(({ isRevoked }) => !isRevoked) ? 'changed' : 'unknown';
}

/** The types of key that are known of a host, in the file's order: a host that has several is to show one of these. */
export function knownTypes(known: readonly KnownHost[], host: string, port: number): string[] {
  const ofHost = known.filter(({ hosts, isRevoked }) => !isRevoked && matches(hosts, host, port));
  return [...new Set(ofHost.map(({ type }) => type))];
}

/** The line to add for a host's key. */
export function knownHostLine(host: string, port: number, key: Buffer): string {
  return `${nameOf(host, port)} ${keyType(key)} ${key.toString('base64')}\n`;
}

/** The type that a key's bytes begin with. */
export function keyType(key: Buffer): string {
  const length = key.length >= 4 ? key.readUInt32BE(0) : 0;
  return key.toString('latin1', 4, 4 + length);
}

const nameOf = (host: string, port: number): string => (port === 22 ? host : `[${host}]:${port}`);

function matches(hosts: string, host: string, port: number): boolean {
  const name = nameOf(host.toLowerCase(), port);
  if (hosts.startsWith('|')) return isHashOf(hosts, name);
  const patterns = hosts.toLowerCase().split(',');
  if (patterns.some((pattern) => pattern.startsWith('!') && globMatches(pattern.slice(1), name, '?'))) return false;
  return patterns.some((pattern) => !pattern.startsWith('!') && globMatches(pattern, name, '?'));
}

/** `|1|SALT|HMAC-SHA1 of the name`. */
function isHashOf(hosts: string, name: string): boolean {
  const [, version, salt = '', hash = ''] = hosts.split('|');
  if (version !== '1') return false;
  const expected = Buffer.from(hash, 'base64');
  const made = createHmac('sha1', Buffer.from(salt, 'base64')).update(name).digest();
  return expected.length === made.length && timingSafeEqual(expected, made);
}
