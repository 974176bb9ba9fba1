import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Bench } from './bench.ts';
import { inTurns, timeCommand } from './measure.ts';
import { ms, type Row } from './report.ts';

/** The cost of a call before it does anything: `--version` beside a node that runs an empty file. */
export async function measureStartUp(bench: Bench): Promise<Row[]> {
  const empty = join(bench.dir, 'empty.cjs');
  await writeFile(empty, '');
  const [node] = bench.holdfast;
  const { version, nothing } = await inTurns(bench.isQuick ? 9 : 31, {
    version: () => timeCommand([...bench.holdfast, '--version']),
    nothing: () => timeCommand([node, empty]),
  });
  const ratio = version.median / nothing.median;
  return [
    {
      what: '`holdfast --version`, beside an empty node',
      holdfast: ms(version.median),
      beside: ms(nothing.median),
      ratio,
      aim: { text: '≤ 1.2', isMet: ratio <= 1.2 },
    },
  ];
}
