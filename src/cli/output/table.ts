import { Line, line, type Palette } from '../../lib/text/line.ts';

/** A column of a table: its head, and its text in a row. */
export interface Column<T> {
  head: string;
  cell(row: T): string;
}

/** Rows as lines. Columns are as wide as their longest text. A column in which no row has a text is left out. */
export function tableLines<T>(rows: readonly T[], columns: readonly Column<T>[], palette: Palette): Line[] {
  const texts = columns.map(({ head, cell }) => [head, ...rows.map((row) => Line.of(cell(row)).sent)]);
  const shown = texts.filter(([, ...cells]) => cells.some((text) => text !== ''));
  const widths = shown.map((cells) => cells.reduce((most, text) => Math.max(most, text.length), 0));
  return [undefined, ...rows].map((_, row) => {
    const cells = shown.map((each, column) => {
      const text = each[row] ?? '';
      return column === shown.length - 1 ? text : text.padEnd(widths[column] ?? 0);
    });
    const text = cells.join('  ').trimEnd();
    return row === 0 ? palette.bold(text) : line`${text}`;
  });
}
