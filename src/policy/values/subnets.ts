import { BlockList, isIP } from 'node:net';

/** A block of addresses, as `10.0.0.0/8`. */
interface Subnet {
  address: string;
  prefix: number;
  family: 'ipv4' | 'ipv6';
}

/** undefined for a text that is no block of addresses. */
export function parseSubnet(text: string): Subnet | undefined {
  const match = /^([0-9a-fA-F:.]+)\/(\d{1,3})$/.exec(text);
  const [address, prefix] = [match?.[1] ?? '', Number(match?.[2])];
  const version = isIP(address);
  if (version === 0 || prefix > (version === 4 ? 32 : 128)) return undefined;
  return { address, prefix, family: version === 4 ? 'ipv4' : 'ipv6' };
}

const holds = (outer: Subnet, inner: Subnet): boolean => {
  if (outer.family !== inner.family || outer.prefix > inner.prefix) return false;
  const block = new BlockList();
  block.addSubnet(outer.address, outer.prefix, outer.family);
  return block.check(inner.address, inner.family);
};

/** All addresses of the second are among those of the first. */
export function subnetCovers(entry: string, value: string): boolean {
  const [outer, inner] = [parseSubnet(entry), parseSubnet(value)];
  return Boolean(outer && inner && holds(outer, inner));
}

/** Some address is in both. A value that is no block is in every entry. */
export function subnetTouches(entry: string, value: string): boolean {
  const [a, b] = [parseSubnet(entry), parseSubnet(value)];
  return !a || !b || holds(a, b) || holds(b, a);
}
