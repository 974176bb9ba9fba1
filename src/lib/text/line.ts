import { printable } from './printable.ts';

/**
 * A line that is safe to print on a terminal or in a log. Text from outside is escaped; the only control characters are our own colours.
 * The tag `line` and the palettes make lines.
 */
export class Line {
  readonly sent: string;
  private constructor(sent: string) {
    this.sent = sent;
  }

  /** Any text, as a line. */
  static of(words: string | Line): Line {
    return words instanceof Line ? words : new Line(printable(words));
  }

  static join(parts: readonly (string | Line)[]): Line {
    return new Line(parts.map((part) => Line.of(part).sent).join(''));
  }

  /** The line between two SGR codes (ECMA-48, 8.3.117). */
  painted(open: number, close: number): Line {
    return new Line(`\x1b[${open}m${this.sent}\x1b[${close}m`);
  }
}

/** A line with values in it. Each value is escaped unless it is a line itself. */
export const line = (texts: TemplateStringsArray, ...values: readonly (string | number | Line)[]): Line =>
  Line.join(texts.flatMap((text, index) => [text, toPart(values[index] ?? '')]));

const toPart = (value: string | number | Line): string | Line => (typeof value === 'number' ? String(value) : value);

/** Functions that colour text for a terminal, or leave it plain. */
export interface Palette {
  add(text: string | Line): Line;
  remove(text: string | Line): Line;
  change(text: string | Line): Line;
  dim(text: string | Line): Line;
  bold(text: string | Line): Line;
  error(text: string | Line): Line;
}

const sgr =
  (open: number, close: number) =>
  (text: string | Line): Line =>
    Line.of(text).painted(open, close);

export const plain: Palette = {
  add: Line.of,
  remove: Line.of,
  change: Line.of,
  dim: Line.of,
  bold: Line.of,
  error: Line.of,
};

export const coloured: Palette = {
  add: sgr(32, 39),
  remove: sgr(31, 39),
  change: sgr(33, 39),
  dim: sgr(2, 22),
  bold: sgr(1, 22),
  error: sgr(31, 39),
};
