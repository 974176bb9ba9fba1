import type { IncomingMessage } from 'node:http';

/** Tells the time of an answer in milliseconds since 1970, as its server says it. A date that cannot be read tells nothing. */
export function tellDate(
  { headers: { date } }: Pick<IncomingMessage, 'headers'>,
  tell: ((date: number) => void) | undefined,
): void {
  const time = Date.parse(date ?? '');
  if (Number.isFinite(time)) tell?.(time);
}
