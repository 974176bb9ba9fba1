import { BlockList, isIPv6 } from 'node:net';

/** One spelling for each IP address: `FD00:0::5` becomes `fd00::5`. Other text does not change. */
export const sameSpelling = (address: string): string =>
  isIPv6(address) && !address.includes('%') ? new URL(`http://[${address}]`).hostname.slice(1, -1) : address;

/** The static addresses that an endpoint on a network asks for. */
export const addressesOf = ({
  IPv4Address,
  IPv6Address,
}: {
  IPv4Address?: string;
  IPv6Address?: string;
} = {}): string[] => [IPv4Address, IPv6Address].flatMap((address) => (address ? [sameSpelling(address)] : []));

/** True when an address is in one of the pools. A pool with an invalid subnet has no addresses. */
export function isWithin(address: string, pools: readonly { Subnet?: string }[]): boolean {
  const list = new BlockList();
  for (const { Subnet = '' } of pools) {
    const [base = '', bits = ''] = Subnet.split('/');
    try {
      list.addSubnet(base, Number(bits), isIPv6(base) ? 'ipv6' : 'ipv4');
    } catch {
      // An engine that chooses addresses itself gives no subnet.
    }
  }
  return list.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
}
