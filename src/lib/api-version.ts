/** Compares two versions of the Engine API, such as `1.41`. Negative when `a` is older. */
export function compareApiVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((version) => version.split('.').map(Number));
  return (left?.[0] ?? 0) - (right?.[0] ?? 0) || (left?.[1] ?? 0) - (right?.[1] ?? 0);
}

export const atLeast = (version: string, least: string): boolean => compareApiVersions(version, least) >= 0;
