import { isIPv4 } from 'node:net';

/** True when two listen addresses of the host overlap. "" means every address. */
export function addressesOverlap(a: string, b: string): boolean {
  if (a === b || a === '' || b === '') return true;
  if (isIPv4(a) !== isIPv4(b)) return false;
  return [a, b].some((ip) => ip === '0.0.0.0' || ip === '::');
}
