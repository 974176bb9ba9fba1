const MINUTE = 60_000;
const UNITS = { d: 24 * 60 * MINUTE, h: 60 * MINUTE, m: MINUTE } as const;

/** `1d`, `2h`, `1h30m` in milliseconds; undefined for anything else, and for zero. Argo CD writes them so. */
export function windowLength(text: string): number | undefined {
  const [, ...parts] = /^(?:(\d{1,3})d)?(?:(\d{1,4})h)?(?:(\d{1,6})m)?(?:0s)?$/.exec(text) ?? [];
  const length = (['d', 'h', 'm'] as const).reduce(
    (sum, unit, index) => sum + Number(parts[index] ?? 0) * UNITS[unit],
    0,
  );
  return length > 0 ? length : undefined;
}
