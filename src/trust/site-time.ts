/** No site runs this before it was written, and none for longer than that after. */
const EARLIEST = Date.UTC(2026, 0, 1);
const LATEST = Date.UTC(2056, 0, 1);

/**
 * What the site's clock says, in milliseconds, or undefined where it cannot be right: 1970 after a power cut without a battery, 2099 after a bad
 * time server. Nothing is ever stored of it, so a wrong clock does no harm that outlasts it.
 */
export function siteTime(wall: Date): number | undefined {
  const now = wall.getTime();
  return now >= EARLIEST && now < LATEST ? now : undefined;
}
