import { posix } from 'node:path';
import { globMatches } from '../../lib/text/glob.ts';

/** A path of the host as a policy compares it: no `..`, no double or last slash, and /run for /var/run. */
export function normalPath(path: string): string {
  const plain = posix.normalize(`/${path}`).replace(/(.)\/$/, '$1');
  return plain.replace(/^\/var\/(run|lock)(?=\/|$)/, (_, folder) => (folder === 'run' ? '/run' : '/run/lock'));
}

/** The kernel's links from a process to its root, folder and files lead anywhere, as /proc/1/root does. */
export const leadsAnywhere = (path: string): boolean =>
  /^\/proc\/[^/]+\/(task\/[^/]+\/)?(root|cwd|exe|fd|map_files)(\/|$)/.test(path) || /^\/dev\/fd(\/|$)/.test(path);

/** A path may be below the pattern, or be it. `*` matches any text in one part of a path. */
export function pathCovers(pattern: string, path: string): boolean {
  if (leadsAnywhere(path)) return pattern === '/';
  const [wanted, found] = [partsOf(pattern), partsOf(path)];
  return wanted.length <= found.length && samePart(wanted, found);
}

/** One of the two is, or holds, the other one. */
export function pathTouches(pattern: string, path: string): boolean {
  return leadsAnywhere(path) || samePart(partsOf(pattern), partsOf(path));
}

/** The parts that both have are the same. */
const samePart = (pattern: readonly string[], path: readonly string[]): boolean =>
  pattern.slice(0, path.length).every((part, index) => globMatches(part, path[index] ?? ''));

const partsOf = (path: string): string[] => path.split('/').filter((part) => part !== '');
