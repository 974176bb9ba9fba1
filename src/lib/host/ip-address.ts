import { BlockList, isIPv6 } from 'node:net';

/** One spelling for each address: `FD00:0::5` and `fd00::5` are the same. Other text stays as it is. */
export const sameSpelling = (address: string): string =>
  isIPv6(address) && !address.includes('%') ? new URL(`http://[${address}]`).hostname.slice(1, -1) : address;

/** The addresses of its own that an endpoint on a network asks for. */
export const addressesOf = ({
  IPv4Address,
  IPv6Address,
}: {
  IPv4Address?: string;
  IPv6Address?: string;
} = {}): string[] => [IPv4Address, IPv6Address].flatMap((address) => (address ? [sameSpelling(address)] : []));

/** True for an address in one of the pools. Pools that cannot be read hold nothing. */
export function isWithin(address: string, pools: readonly { Subnet?: string }[]): boolean {
  const list = new BlockList();
  for (const { Subnet = '' } of pools) {
    const [base = '', bits = ''] = Subnet.split('/');
    try {
      list.addSubnet(base, Number(bits), isIPv6(base) ? 'ipv6' : 'ipv4');
    } catch {
      // The engine takes what it gives out itself; anything else is no pool.
    }
  }
  return list.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
}
