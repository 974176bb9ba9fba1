import { isIPv6 } from 'node:net';

/** One spelling for each address: `FD00:0::5` and `fd00::5` are the same. What is no address stays as it is. */
export const sameSpelling = (address: string): string =>
  isIPv6(address) && !address.includes('%') ? new URL(`http://[${address}]`).hostname.slice(1, -1) : address;
