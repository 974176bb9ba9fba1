import { type LookupAddress, lookup as systemLookup } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { SourceError } from '../lib/errors.ts';

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

/** Finds the addresses of a name. Default: dns.lookup. */
export type NameLookup = LookupFunction;

/** No address of a name is within reach: `refusedPlace` says so to people. */
export class OutOfReachError extends Error {}

/** Addresses that a server may lead a site to: public ones, and those of the network that the server itself is in. */
const isWithin = (reach: Place, address: string): boolean => {
  const place = placeOf(address);
  return place === 'public' || place === reach;
};

/**
 * Resolves names for connections that another server asked for. The address that was checked is the one that is connected to, so that a name which has
 * several, or others a moment later, leads nowhere else.
 */
export function lookupWithin(reach: Place, lookup: NameLookup = systemLookup): NameLookup {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, found) => {
      if (error) return callback(error, []);
      const within = (found as LookupAddress[]).filter(({ address }) => isWithin(reach, address));
      const [first] = within;
      if (!first) return callback(new OutOfReachError(hostname), []);
      if (options.all) callback(null, within);
      else callback(null, first.address, first.family);
    });
  };
}

/** The target of a connection that needs no lookup: an address that is written out. A proxy is asked for names that are looked up here, too. Throws OutOfReachError. */
export async function requireWithin(
  reach: Place,
  { hostname }: URL,
  isProxied: boolean,
  lookup?: NameLookup,
): Promise<void> {
  const host = plainHost(hostname);
  const addresses = isIP(host) ? [host] : isProxied ? await resolveHost(host, lookup) : [];
  if (!addresses.every((address) => isWithin(reach, address))) throw new OutOfReachError(hostname);
}

/**
 * Where a server is that was asked through a proxy, which resolved its name. Most networks have one name server for all, so a name is looked up here as well; but
 * its owner may call it localhost, so that is not believed.
 */
export async function placeBehindProxy({ hostname }: URL, lookup?: NameLookup): Promise<Place> {
  const host = plainHost(hostname);
  if (isIP(host)) return placeOf(host);
  const places = (await resolveHost(host, lookup)).map(placeOf);
  return places.length > 0 && places.every((place) => place === 'private') ? 'private' : 'public';
}

const plainHost = (hostname: string): string => hostname.replace(/^\[|\]$/g, '');

/** None for a name that does not resolve here. */
function resolveHost(host: string, lookup: NameLookup = systemLookup): Promise<string[]> {
  if (/(^|\.)localhost\.?$/i.test(host)) return Promise.resolve(['127.0.0.1']);
  return new Promise((resolve) => {
    lookup(host, { all: true }, (error, found) =>
      resolve(error ? [] : (found as LookupAddress[]).map(({ address }) => address)),
    );
  });
}

export const refusedPlace = (from: URL, to: URL): SourceError =>
  new SourceError(
    'protocol',
    `${from.origin} redirects to ${to.host}, an address of the site's own network or machine, which is refused: the link may also be behind a login page (captive portal)`,
  );
