/** The result of one case. */
export interface Row {
  name: string;
  outcome: 'same' | 'refused' | 'different';
  /** The refusal and its side, or the difference. */
  why?: string;
}

/** The table that `npm run test:conformance` prints of a suite: every case by what came of it, with reasons, and the sums at the end. */
export function conformanceTable(title: string, rows: readonly Row[]): string {
  const of = (outcome: Row['outcome']) => rows.filter((row) => row.outcome === outcome);
  const lines = rows.map(({ name, outcome, why }) => `  ${outcome.padEnd(9)}  ${name}${why ? `: ${why}` : ''}`);
  const sums = (['same', 'refused', 'different'] as const).map((outcome) => `${of(outcome).length} ${outcome}`);
  return [`${title}: ${rows.length} cases`, ...lines, `${title}: ${sums.join(', ')}`, ''].join('\n');
}
