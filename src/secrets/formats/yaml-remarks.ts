import type { Event } from 'js-yaml';

/** A comment in a YAML text. */
export interface Remark {
  /** The text after the `#`. */
  text: string;
  offset: number;
  /** The offset of its line. */
  line: number;
  /** Something else is before it on its line. */
  isAfterText: boolean;
}

/** All comments of a parsed YAML text, in order. A `#` within a scalar begins none, and neither does one right after other text. */
export function remarksOf(text: string, events: readonly Event[]): Remark[] {
  const found: Remark[] = [];
  let from = 0;
  const scan = (to: number): void => {
    while (from < to) {
      const hash = text.indexOf('#', from);
      if (hash < 0 || hash >= to) break;
      if (hash > 0 && !/\s/.test(text[hash - 1] ?? '')) {
        from = hash + 1;
        continue;
      }
      const line = hash === 0 ? 0 : text.lastIndexOf('\n', hash - 1) + 1;
      const end = lineEnd(text, hash);
      const isAfterText = text.slice(line, hash).trim() !== '';
      found.push({ text: text.slice(hash + 1, end), offset: hash, line, isAfterText });
      from = end;
    }
    from = Math.max(from, to);
  };
  for (const event of events) {
    if (event.type !== 4 || event.valueStart < 0) continue;
    scan(event.valueStart);
    from = Math.max(from, event.valueEnd);
  }
  scan(text.length);
  return found;
}

function lineEnd(text: string, from: number): number {
  const end = text.indexOf('\n', from);
  if (end < 0) return text.length;
  return text[end - 1] === '\r' ? end - 1 : end;
}
