import { isIPv4 } from 'node:net';

/** Two addresses of the host to listen on have one in common; "" is every address. */
export function addressesOverlap(a: string, b: string): boolean {
  if (a === b || a === '' || b === '') return true;
  if (isIPv4(a) !== isIPv4(b)) return false;
  return [a, b].some((ip) => ip === '0.0.0.0' || ip === '::');
}
