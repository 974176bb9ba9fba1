import { InputError, type Position } from '../../lib/errors.ts';
import { didYouMean } from '../../lib/text/did-you-mean.ts';
import type { Row } from './row.ts';

/** A cell of a table, and the line and column that it begins at. */
interface Cell {
  text: string;
  at: Position;
}

/** A column holds the name of the site, or a label or value of this name. */
type Column = { kind: 'name' } | { kind: 'labels' | 'values'; key: string };

/**
 * Reads a table with the columns `name`, `label.NAME` and `value.NAME`, one site a line (RFC 4180). The separator is a comma; or a semicolon or tab, if the
 * first line has no comma. A byte order mark at the beginning, as some programs write it, is skipped. Throws InputError with all problems.
 */
export function readCsv(text: string, file: string): Row[] {
  const [head, ...lines] = cellsOf(text.replace(/^\uFEFF/, ''), file);
  if (!head) throw InputError.at({ file, line: 1, column: 1 }, 'the table is empty', HINT);
  const columns = head.map(columnOf);
  const twice = head.find(({ text: title }, index) => head.findIndex((other) => other.text === title) < index);
  if (twice) throw InputError.at(twice.at, `the column ${JSON.stringify(twice.text)} is there twice`);
  if (!columns.some(({ kind }) => kind === 'name'))
    throw InputError.at(head[0]?.at, 'the table has no column `name`', HINT);
  return lines.map((cells) => rowOf(cells, columns));
}

const HINT = 'its first line names the columns: name, label.region, value.WEB_PORT';

function columnOf({ text, at }: Cell): Column {
  const title = text.trim();
  if (title.toLowerCase() === 'name') return { kind: 'name' };
  const [, kind, key] = /^(label|value)s?\.(.+)$/.exec(title) ?? [];
  if (kind !== undefined && key !== undefined) return { kind: kind === 'label' ? 'labels' : 'values', key };
  const near = didYouMean(title.split('.')[0] ?? '', ['name', 'label', 'value']);
  throw InputError.at(
    at,
    `the column ${JSON.stringify(title)} is not known`,
    near === undefined ? HINT : `did you mean ${near}?`,
  );
}

function rowOf(cells: readonly Cell[], columns: readonly Column[]): Row {
  const [first] = cells;
  const at = first?.at as Position;
  if (cells.length !== columns.length)
    throw InputError.at(
      at,
      `this line has ${cells.length} cells, but the first line has ${columns.length}`,
      'a text with the separator in it needs quotes',
    );
  const row = { name: '', labels: new Map<string, string | null>(), values: new Map<string, string | null>(), at };
  columns.forEach((column, index) => {
    const text = (cells[index] as Cell).text.trim();
    if (column.kind === 'name') row.name = text;
    else row[column.kind].set(column.key, text === '' ? null : text);
  });
  return row;
}

/** The cells of all lines that are not empty. Throws InputError. */
function cellsOf(text: string, file: string): Cell[][] {
  const firstLine = text.split('\n', 1)[0] ?? '';
  const separator = SEPARATORS.find((each) => firstLine.includes(each)) ?? ',';
  const plain = PLAIN[separator];
  const lines: Cell[][] = [];
  let [offset, start] = [0, 0];
  let cells: Cell[] = [];
  const here = (): Position => ({ file, line: lines.length + 1, column: offset - start + 1 });
  while (offset < text.length) {
    const cell = { text: '', at: here() };
    const quoted = text[offset] === '"' ? found(QUOTED, text, offset) : undefined;
    if (text[offset] === '"' && quoted === undefined)
      throw InputError.at(cell.at, 'the quotes of this cell are never closed', 'write "" for a quote in a text');
    const written = quoted ?? found(plain, text, offset) ?? '';
    if (quoted === undefined && written.includes('"'))
      throw InputError.at(
        cell.at,
        'a quote in a cell without quotes',
        'put the whole cell in quotes, and write "" for the quote',
      );
    if (/[\r\n]/.test(written))
      throw InputError.at(cell.at, 'this cell has a line break, which no label or value of a site has');
    cell.text = quoted === undefined ? written : quoted.slice(1, -1).replaceAll('""', '"');
    offset += written.length;
    cells.push(cell);
    if (text[offset] === separator) {
      offset++;
      if (offset < text.length && found(LINE_END, text, offset) === undefined) continue;
      // A separator at the end of a line begins an empty cell.
      cells.push({ text: '', at: here() });
    }
    const end = found(LINE_END, text, offset);
    if (end === undefined && offset < text.length)
      throw InputError.at(here(), 'a text follows the quotes of a cell', 'put the whole cell in quotes');
    offset += end?.length ?? 0;
    start = offset;
    lines.push(cells);
    cells = [];
  }
  return lines.filter(([first, second]) => second !== undefined || first?.text.trim() !== '');
}

const SEPARATORS = [',', ';', '\t'] as const;
/** A cell without quotes. */
const PLAIN = { ',': /[^,\r\n]*/y, ';': /[^;\r\n]*/y, '\t': /[^\t\r\n]*/y };
const QUOTED = /"(?:[^"]|"")*"/y;
const LINE_END = /\r\n|\r|\n/y;

/** The text that a sticky expression finds at an offset. */
function found(expression: RegExp, text: string, offset: number): string | undefined {
  expression.lastIndex = offset;
  return expression.exec(text)?.[0];
}
