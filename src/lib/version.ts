import manifest from '../../package.json' with { type: 'json' };

/** The build keeps this one string of the manifest. */
export const VERSION: string = manifest.version;

/** The first release. It is the oldest agent of a fleet that does not name one. */
export const FIRST_VERSION = '0.1.0';

/** Compares two versions such as `0.2.0`. Negative when `a` is older. */
export function compareVersions(a: string, b: string): number {
  const [left = [], right = []] = [a, b].map((version) => version.split('.').map(Number));
  return (left[0] ?? 0) - (right[0] ?? 0) || (left[1] ?? 0) - (right[1] ?? 0) || (left[2] ?? 0) - (right[2] ?? 0);
}
