/** No site ran this before it was written, and none runs it for longer than that. */
const EARLIEST = Date.UTC(2026, 0, 1);
const LATEST = Date.UTC(2056, 0, 1);

/**
 * The time of the site's clock in milliseconds, or undefined if it cannot be right: 1970 after a power cut without a battery, 2099 after a bad time server. It
 * is never stored, so a wrong clock does no lasting harm.
 */
export function siteTime(wall: Date): number | undefined {
  const now = wall.getTime();
  return now >= EARLIEST && now < LATEST ? now : undefined;
}
