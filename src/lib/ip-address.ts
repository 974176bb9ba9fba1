import { isIPv6 } from 'node:net';

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
