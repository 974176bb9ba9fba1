import { lookup } from 'node:dns/promises';
import { BlockList, isIP } from 'node:net';
import { SourceError } from '../../lib/errors.ts';

/** Where an address is, seen from a site. */
export type Place = 'loopback' | 'linkLocal' | 'private' | 'public';

type Network = [network: string, bits: number];
const NETWORKS: Record<Exclude<Place, 'public'>, Network[]> = {
  loopback: [
    ['127.0.0.0', 8],
    ['0.0.0.0', 8],
    ['::', 127],
  ],
  linkLocal: [
    ['169.254.0.0', 16],
    ['fe80::', 10],
  ],
  // With those of providers (RFC 6598) and of IPv6 (RFC 4193).
  private: [
    ['10.0.0.0', 8],
    ['172.16.0.0', 12],
    ['192.168.0.0', 16],
    ['100.64.0.0', 10],
    ['fc00::', 7],
    ['fec0::', 10],
  ],
};
const family = (address: string): 'ipv4' | 'ipv6' => (isIP(address) === 6 ? 'ipv6' : 'ipv4');
const LISTS = Object.entries(NETWORKS).map(([place, networks]) => {
  const list = new BlockList();
  for (const [network, bits] of networks) list.addSubnet(network, bits, family(network));
  return [place as Place, list] as const;
});

/** An IPv4 address that is written as one of IPv6 (mapped, or by NAT64) counts as what it is. */
export function placeOf(address: string): Place {
  const plain = address.replace(/%.*$/, '').toLowerCase();
  const mapped = embedded(plain);
  if (mapped !== undefined) return placeOf(mapped);
  return LISTS.find(([, list]) => list.check(plain, family(plain)))?.[0] ?? 'public';
}

function embedded(address: string): string | undefined {
  const [, dotted, high = '', low = ''] =
    /^(?:::ffff:|64:ff9b::)(?:(\d+\.\d+\.\d+\.\d+)|([0-9a-f]{1,4}):([0-9a-f]{1,4}))$/.exec(address) ?? [];
  if (dotted !== undefined) return dotted;
  if (high === '') return undefined;
  const [a, b] = [Number.parseInt(high, 16), Number.parseInt(low, 16)];
  return [a >> 8, a & 255, b >> 8, b & 255].join('.');
}

/** The addresses of a host; none for a name that does not resolve here. */
export async function addressesOf(hostname: string): Promise<string[]> {
  const host = hostname.replace(/^\[|\]$/g, '');
  if (isIP(host)) return [host];
  if (/(^|\.)localhost\.?$/i.test(host)) return ['127.0.0.1'];
  const found = await lookup(host, { all: true }).catch(() => []);
  return found.map(({ address }) => address);
}

/**
 * Addresses that a redirect's target may have, seen from a repo's server: public ones, and those of the networks that the server itself is in. A server of the
 * internet would reach what listens on the site alone otherwise. Throws SourceError.
 */
export async function requireReachable(from: URL, to: URL): Promise<void> {
  const targets = (await addressesOf(to.hostname)).map(placeOf).filter((place) => place !== 'public');
  if (targets.length === 0) return;
  const own = new Set((await addressesOf(from.hostname)).map(placeOf));
  if (targets.every((place) => own.has(place))) return;
  throw refusedPlace(from, to);
}

export const refusedPlace = (from: URL, to: URL): SourceError =>
  new SourceError(
    'protocol',
    `${from.origin} redirects to ${to.host}, an address of the site's own network or machine, which is refused: the link may also be behind a login page (captive portal)`,
  );
