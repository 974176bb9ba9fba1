/** `2026-11-28 02:00 Europe/Lisbon`: an instant, in milliseconds since 1970, as the clocks of a zone show it. */
export function localTime(instant: number, zone: string): string {
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'short' });
  return `${format.format(instant)} ${zone}`;
}
