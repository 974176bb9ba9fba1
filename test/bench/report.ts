/** One line of the table. Times are milliseconds. */
export interface Row {
  what: string;
  holdfast: string;
  /** The peer's figure from the same run; empty if there is no peer. */
  beside: string;
  /** Ours as a share of the other's. */
  ratio?: number;
  aim?: { text: string; isMet: boolean };
}

const TITLES = ['', 'Holdfast', 'beside it', 'ratio', 'aim', ''] as const;

/** The table as Markdown, which reads as well in a terminal. */
export function renderTable(rows: readonly Row[]): string {
  const cells = rows.map(({ what, holdfast, beside, ratio, aim }) => [
    what,
    holdfast,
    beside,
    ratio === undefined ? '' : ratio.toFixed(2),
    aim?.text ?? '',
    aim ? (aim.isMet ? 'met' : 'MISSED') : '',
  ]);
  const widths = TITLES.map((title, column) =>
    Math.max(title.length, ...cells.map((row) => (row[column] ?? '').length)),
  );
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  return [line(TITLES), `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`, ...cells.map(line)].join('\n');
}

/** `3.1 ms`, `1.24 s`. */
export function ms(value: number): string {
  if (value >= 1000) return `${(value / 1000).toFixed(2)} s`;
  return `${value.toFixed(value < 10 ? 1 : 0)} ms`;
}
