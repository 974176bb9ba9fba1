import { isDeepStrictEqual } from 'node:util';
import { InputError } from '../../lib/errors.ts';
import { entryOf, type MappingNode, toPlain, type YamlNode } from '../../yaml/node.ts';
import { parseYaml } from '../../yaml/parse.ts';

/** A mapping of a Site that a table fills: `metadata.labels` or `spec.values`. */
export type Part = readonly ['metadata', 'labels'] | readonly ['spec', 'values'];

/** A change of one entry; null removes it. */
export interface EntryChange {
  part: Part;
  key: string;
  text: string | null;
}

/**
 * The text of a Site with some entries changed. All else stays as it is: comments, order, and keys that this does not know. Throws InputError where the file
 * is written in a form in which that cannot be done safely: the result is read again, and must differ in these entries alone.
 */
export function editSite(text: string, file: string, changes: readonly EntryChange[]): string {
  return changes.reduce((now, change) => editOne(now, file, change), text);
}

function editOne(text: string, file: string, change: EntryChange): string {
  const root = parseYaml(text, file);
  if (root?.kind !== 'mapping') throw InputError.at({ file, line: 1, column: 1 }, 'the file is no Site');
  const lineEnd = text.includes('\r\n') ? '\r\n' : '\n';
  const edited = withChange(text.split(lineEnd), root, change)?.join(lineEnd);
  if (edited !== undefined && isAsWanted(edited, file, root, change)) return edited;
  const { part, key, text: wanted } = change;
  const node = entryOf(entryOf(root, part[0])?.value, part[1])?.value ?? root;
  throw InputError.at(
    node.at,
    `${part.join('.')} is written in a form that inventory does not change`,
    wanted === null ? `take ${key} out by hand` : `write ${key}: ${scalarText(wanted)} there by hand`,
  );
}

/** The lines with the change; undefined for a form that is not known. */
function withChange(lines: readonly string[], root: MappingNode, change: EntryChange): string[] | undefined {
  const { part, key, text } = change;
  const [outer, inner] = part;
  const outerEntry = entryOf(root, outer);
  const entry = text === null ? [] : [`${keyText(key)}: ${scalarText(text)}`];
  if (!outerEntry)
    return text === null ? [...lines] : inserted(lines, endOf(lines), [`${outer}:`, `  ${inner}:`, `    ${entry}`]);
  const innerEntry = entryOf(outerEntry.value, inner);
  if (!innerEntry || isEmpty(outerEntry.value)) {
    const at = outerEntry.keyAt.line;
    if (isEmpty(outerEntry.value)) return replaced(lines, at, [`${outer}:`, `  ${inner}:`, `    ${entry}`]);
    const first = firstKeyOf(outerEntry.value);
    if (!first || isFlow(lines, outerEntry.value)) return undefined;
    const indent = ' '.repeat(first.column - 1);
    return inserted(lines, at, [`${indent}${inner}:`, `${indent}  ${entry}`]);
  }
  const indent = ' '.repeat(innerEntry.keyAt.column - 1);
  if (isEmpty(innerEntry.value))
    return replaced(lines, innerEntry.keyAt.line, [`${indent}${inner}:`, `${indent}  ${entry}`]);
  if (innerEntry.value.kind !== 'mapping') return undefined;
  if (isFlow(lines, innerEntry.value)) return flowChanged(lines, innerEntry.value, change);
  const found = innerEntry.value.entries.find((each) => each.key === key);
  const last = innerEntry.value.entries.at(-1);
  const column = firstKeyOf(innerEntry.value)?.column ?? 1;
  if (!found) return inserted(lines, last?.value.at.line ?? 0, [`${' '.repeat(column - 1)}${entry}`]);
  const { line } = found.keyAt;
  if (found.value.at.line !== line) return undefined;
  if (text !== null) return replaced(lines, line, [valueReplaced(lines[line - 1] ?? '', found.value, text)]);
  if (innerEntry.value.entries.length > 1) return replaced(lines, line, []);
  return replaced(replaced(lines, line, []), innerEntry.keyAt.line, [`${indent}${inner}: {}`]);
}

const inserted = (lines: readonly string[], after: number, added: readonly string[]): string[] =>
  lines.toSpliced(after, 0, ...added);
const replaced = (lines: readonly string[], line: number, by: readonly string[]): string[] =>
  lines.toSpliced(line - 1, 1, ...by);

/** The number of the last line that is not empty. */
const endOf = (lines: readonly string[]): number => lines.findLastIndex((line) => line.trim() !== '') + 1;

/** `{}`, or nothing at all. */
const isEmpty = (node: YamlNode): boolean =>
  (node.kind === 'mapping' && node.entries.length === 0) || (node.kind === 'scalar' && node.value === null);

const firstKeyOf = (node: YamlNode): { column: number } | undefined =>
  node.kind === 'mapping' ? node.entries[0]?.keyAt : undefined;

const isFlow = (lines: readonly string[], { at }: YamlNode): boolean => lines[at.line - 1]?.[at.column - 1] === '{';

/** The line with another value; a comment after it stays. */
function valueReplaced(line: string, { at }: YamlNode, text: string): string {
  const before = line.slice(0, at.column - 1);
  const rest = line.slice(at.column - 1);
  const [old = ''] = /^(?:"(?:\\.|[^"\\])*"|'(?:''|[^'])*'|(?:[^\s]|[^\S\r]+(?![#\s]))*)/.exec(rest) ?? [];
  return `${before}${scalarText(text)}${rest.slice(old.length)}`;
}

/** The mapping `{ … }` in one line, written with the change. */
function flowChanged(
  lines: readonly string[],
  { at, entries }: MappingNode,
  { key, text }: EntryChange,
): string[] | undefined {
  const line = lines[at.line - 1] ?? '';
  const before = line.slice(0, at.column - 1);
  const [old] = /^\{(?:"(?:\\.|[^"\\])*"|'[^']*'|[^"'{}])*\}/.exec(line.slice(at.column - 1)) ?? [];
  if (old === undefined) return undefined;
  const kept = entries.flatMap((each) => {
    if (each.key === key) return text === null ? [] : [[key, text] as const];
    return each.value.kind === 'scalar' ? [[each.key, each.value.raw] as const] : [];
  });
  const all = text !== null && !entries.some((each) => each.key === key) ? [...kept, [key, text] as const] : kept;
  const flow = all.map(([name, value]) => `${keyText(name)}: ${scalarText(value)}`).join(', ');
  const rest = line.slice(at.column - 1 + old.length);
  return replaced(lines, at.line, [`${before}${flow === '' ? '{}' : `{ ${flow} }`}${rest}`]);
}

/** True if the edited text reads as the old one with this change. */
function isAsWanted(
  edited: string,
  file: string,
  old: MappingNode,
  { part: [outer, inner], key, text }: EntryChange,
): boolean {
  try {
    const root = parseYaml(edited, file);
    if (root?.kind !== 'mapping') return false;
    const entries = entriesOf(root, outer, inner);
    const wanted = entriesOf(old, outer, inner).filter(([name]) => name !== key);
    const left = entries.filter(([name]) => name !== key);
    const mine = entries.filter(([name]) => name === key).map(([, value]) => value);
    return (
      isDeepStrictEqual(left, wanted) &&
      isDeepStrictEqual(mine, text === null ? [] : [text]) &&
      isDeepStrictEqual(restOf(root, outer, inner), restOf(old, outer, inner))
    );
  } catch (error) {
    if (error instanceof InputError) return false;
    throw error;
  }
}

function entriesOf(root: MappingNode, outer: string, inner: string): [string, string][] {
  const node = entryOf(entryOf(root, outer)?.value, inner)?.value;
  const entries = node?.kind === 'mapping' ? node.entries : [];
  return entries.map(({ key, value }) => [key, value.kind === 'scalar' ? value.raw : JSON.stringify(toPlain(value))]);
}

/** Everything but one mapping, as plain data. */
const restOf = (root: MappingNode, outer: string, inner: string): unknown =>
  root.entries
    .map(({ key, value }) => {
      if (key !== outer || value.kind !== 'mapping') return [key, isEmpty(value) ? null : toPlain(value)];
      const rest = value.entries.filter((each) => each.key !== inner).map((each) => [each.key, toPlain(each.value)]);
      return [key, rest.length === 0 ? null : rest];
    })
    .filter(([key, value]) => key !== outer || value !== null);

/** A text as a scalar that reads as this text. */
export function scalarText(text: string): string {
  const isPlain = /^[A-Za-z0-9/](?:[A-Za-z0-9 ._/@+-]*[A-Za-z0-9._/@+-])?$/.test(text) && !/^(?:null|~)$/i.test(text);
  return isPlain ? text : JSON.stringify(text);
}

const keyText = (key: string): string => (/^[A-Za-z_][A-Za-z0-9._/-]*$/.test(key) ? key : JSON.stringify(key));
