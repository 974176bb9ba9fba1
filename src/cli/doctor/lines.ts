import { Line, line, type Palette } from '../../lib/text/line.ts';
import type { Found } from './finding.ts';

/** The findings for people: a line for each check, below it what to do, and a line that counts. */
export function findingLines(findings: readonly Found[], palette: Palette): Line[] {
  const width = Math.max(...findings.map(({ check }) => check.length));
  const paint = { ok: palette.add, warning: palette.change, problem: palette.error };
  const lines = findings.flatMap((found) => [
    line`${paint[found.level](found.level.padEnd('problem'.length))}  ${found.check.padEnd(width)}  ${found.message}`,
    ...(found.level === 'ok' ? [] : [line`${' '.repeat('problem'.length + width + 4)}-> ${found.todo}`]),
  ]);
  return [...lines, Line.of(''), Line.of(summaryOf(findings))];
}

function summaryOf(findings: readonly Found[]): string {
  const count = (level: Found['level'], one: string): string[] => {
    const { length } = findings.filter((found) => found.level === level);
    return length === 0 ? [] : [`${length} ${one}${length === 1 ? '' : 's'}`];
  };
  const parts = [...count('problem', 'problem'), ...count('warning', 'warning')];
  return parts.length === 0 ? `all ${findings.length} checks are ok` : parts.join(', ');
}
