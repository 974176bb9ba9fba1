/** The number of characters that are kept of an output: its end, which usually holds the reason. */
const MOST_TOLD = 300;
/** Shorter values are too common: hiding them would make the output unreadable and protect nothing. */
const SHORTEST_SECRET = 4;
const SHORTEST_LINE = 8;

/** The values that an output must not show, longest first: each whole value, and each line of a value with several lines. */
export function secretsIn(texts: Iterable<string | null | undefined>): string[] {
  const found = new Set<string>();
  for (const text of texts) {
    const whole = text?.trim() ?? '';
    if (whole.length >= SHORTEST_SECRET) found.add(whole);
    for (const line of whole.split(/[\r\n]+/)) if (line.trim().length >= SHORTEST_LINE) found.add(line.trim());
  }
  return [...found].sort((a, b) => b.length - a.length);
}

/** The end of a program's output as one line for a log, without control characters. Secrets are hidden before the cut, so that no part of one stays. */
export function lastWords(output: string, secrets: readonly string[]): string {
  const open = secrets.reduce((text, secret) => text.replaceAll(secret, '***'), output);
  const lines = open.split(/[\r\n]+/).map((line) => line.replaceAll(/[\p{Cc}\p{Cf}\s]+/gu, ' ').trim());
  const text = lines.filter((line) => line !== '').join('; ');
  return text.length > MOST_TOLD ? `…${text.slice(-MOST_TOLD)}` : text;
}
