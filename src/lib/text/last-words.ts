/** Characters of an output that are told: its end, where the reason usually is. */
const MOST_TOLD = 300;
/** Shorter values are words of everybody's: to hide them would tell nothing and hide much. */
const SHORTEST_SECRET = 4;
const SHORTEST_LINE = 8;

/** The values and contents that must not show in an output, longest first: each as a whole, and each line of those that have several. */
export function secretsIn(texts: Iterable<string | null | undefined>): string[] {
  const found = new Set<string>();
  for (const text of texts) {
    const whole = text?.trim() ?? '';
    if (whole.length >= SHORTEST_SECRET) found.add(whole);
    for (const line of whole.split(/[\r\n]+/)) if (line.trim().length >= SHORTEST_LINE) found.add(line.trim());
  }
  return [...found].sort((a, b) => b.length - a.length);
}

/** The end of what a program printed, on one line for a log, without control characters. Secrets are hidden before it is cut, so that no part of one is left. */
export function lastWords(output: string, secrets: readonly string[]): string {
  const open = secrets.reduce((text, secret) => text.replaceAll(secret, '***'), output);
  const lines = open.split(/[\r\n]+/).map((line) => line.replaceAll(/[\p{Cc}\p{Cf}\s]+/gu, ' ').trim());
  const text = lines.filter((line) => line !== '').join('; ');
  return text.length > MOST_TOLD ? `…${text.slice(-MOST_TOLD)}` : text;
}
