import type { Position } from '../lib/errors.ts';
import { Line, line, type Palette } from '../lib/text/line.ts';
import type { ExplainedField, ExplainedVariable, Explanation, Given, VariableValue } from './explanation.ts';

/** Replaces values that must not be shown. */
type Hide = (text: string) => string;

/** An explanation for people: a field a paragraph, the value that counts first, and below it those that lost. */
export function explanationText(
  { site, app, service, requires, dependsOn = [], fields }: Explanation,
  palette: Palette,
  hide: Hide,
): Line[] {
  return [
    palette.bold(`${service} of ${app} on ${site}`),
    ...(requires ? requirementLines(app, requires) : []),
    ...dependsOn.flatMap((each) => [
      Line.of(`${app} depends on ${each.app}: its changes begin once that is done and runs`),
      line`  ${placeOf(each.at)}`,
    ]),
    ...fields.flatMap(({ field, is, lost }) => [
      Line.of(''),
      line`${palette.bold(field)} = ${valueText(is, hide)}`,
      ...givenLines(is, '  ', hide, palette),
      ...lost.flatMap((each) => [
        palette.dim(line`  lost: ${valueText(each, hide)}`),
        ...givenLines(each, '    ', hide, palette).map((text) => palette.dim(text)),
      ]),
    ]),
  ];
}

function requirementLines(app: string, { text, onLoss, at }: NonNullable<Explanation['requires']>): Line[] {
  const loss = onLoss === 'keep' ? 'its containers run on' : 'its containers are stopped';
  return [Line.of(`requires ${text}: a site that lacks it parks ${app}, and ${loss}`), line`  ${placeOf(at)}`];
}

/** The same as data. */
export function explanationJson(explanation: Explanation, hide: Hide): string {
  return JSON.stringify(
    explanation,
    (key, value: unknown) => (typeof value === 'string' && ['value', 'written'].includes(key) ? hide(value) : value),
    2,
  );
}

function valueText({ value, hidden, isEncryptedFile, layer, at }: ExplainedField['is'], hide: Hide): string {
  if (hidden === 'notFromGit') return '(not shown: a part of it is not from Git)';
  if (hidden === 'encrypted') return '(encrypted)';
  if (hidden === 'secret') return '(not shown: it may be a secret)';
  if (hidden === 'content') return '(not shown: the content of a file)';
  if (value !== undefined) return `${hide(value) || '""'}${isEncryptedFile ? ' (encrypted)' : ''}`;
  return at
    ? '(no value)'
    : `(${layer === 'image' ? "the image's value" : `the ${layer.replace('Compose', "Compose's")}`})`;
}

function givenLines(
  { at, layer, written, variables, removedBy }: Given,
  indent: string,
  hide: Hide,
  palette: Palette,
): Line[] {
  const place = at
    ? [line`${indent}${placeOf(at)}  ${layer}${written === undefined ? '' : `, written ${hide(written)}`}`]
    : [];
  const removed = removedBy ? [line`${indent}removed at ${placeOf(removedBy)}`] : [];
  const none = at ? [] : [line`${indent}no file says anything of it`];
  return [
    ...place,
    ...removed,
    ...none,
    ...variables.flatMap((each) => variableLines(each, `${indent}  `, hide, palette)),
  ];
}

function variableLines({ name, is, lost }: ExplainedVariable, indent: string, hide: Hide, palette: Palette): Line[] {
  if (!is) return [line`${indent}${name} has no value`];
  return [
    line`${indent}${name} = ${variableText(is, hide)}`,
    ...lost.map((each) => palette.dim(line`${indent}  lost: ${variableText(each, hide)}`)),
  ];
}

const variableText = ({ value, encrypted, from, at }: VariableValue, hide: Hide): string =>
  `${encrypted ? '(encrypted)' : value === undefined ? '(not shown)' : hide(value) || '""'}  ${at ? `${placeOf(at)}  ` : ''}${from}`;

const placeOf = ({ file, line: row, column }: Position): string => `${file}:${row}:${column}`;
