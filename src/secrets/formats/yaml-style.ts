import { resolvePlain } from '../../yaml/scalar.ts';
import { timeOf } from './go-values.ts';

export type Style = 'plain' | 'single' | 'double' | 'literal';

/** Texts that YAML 1.1 reads as booleans. */
const OLD_BOOL = /^(?:y|Y|yes|Yes|YES|on|On|ON|n|N|no|No|NO|off|Off|OFF)$/;
const BASE_60 = /^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$/;
/** Characters that Go's YAML prints as they are. Those above U+FFFF are not among them. */
const PRINTABLE = /^[\n\x20-\x7E\u00A0-\uD7FF\uE000-\uFEFE\uFF00-\uFFFD]*$/;
const BREAK = /[\r\n\u0085\u2028\u2029]/;

/** The text has more than one line for YAML. */
export const isMultiline = (text: string): boolean => BREAK.test(text);

/** The style in which Go's YAML writes a text of its own accord: it quotes only where it must. */
export function styleOf(text: string): Style {
  const printable = PRINTABLE.test(text.replaceAll('\t', ''));
  if (text.includes('\n')) {
    // Go's YAML also writes a text that begins with a tab as a block, and then reads nothing from it.
    const isBlock = printable && !/ $| \n|^\t|[\u2028\u2029]/.test(text);
    return isBlock ? 'literal' : 'double';
  }
  if (!printable || text.includes('\t') || isMultiline(text) || !isText(text)) return 'double';
  return isPlain(text) ? 'plain' : 'single';
}

/** The text stays a text without quotes. */
function isText(text: string): boolean {
  if (text === '' || OLD_BOOL.test(text) || BASE_60.test(text)) return false;
  const { kind } = resolvePlain(text);
  return kind === 'string' || (kind === 'timestamp' && timeOf(text) === undefined);
}

/** Nothing in the text has a meaning in a block. */
const isPlain = (text: string): boolean =>
  !/^(?:---|\.\.\.)|^[#,[\]{}&*!|>'"%@`]|^[-?:](?:[ ]|$)|:(?: |$)| #|^ | $/.test(text);

const ESCAPES = new Map(
  Object.entries({
    '\0': '0',
    '\x07': 'a',
    '\b': 'b',
    '\t': 't',
    '\n': 'n',
    '\v': 'v',
    '\f': 'f',
    '\r': 'r',
    '\x1B': 'e',
    '"': '"',
    '\\': '\\',
    '\x85': 'N',
    '\u2028': 'L',
    '\u2029': 'P',
  }),
);

/** A text in double quotes, as Go's YAML escapes it. */
export function quoted(text: string): string {
  let result = '"';
  for (const character of text) {
    const short = ESCAPES.get(character);
    if (short !== undefined) result += `\\${short}`;
    else if (PRINTABLE.test(character)) result += character;
    else result += hex(character.codePointAt(0) ?? 0);
  }
  return `${result}"`;
}

function hex(code: number): string {
  const digits = code.toString(16).toUpperCase();
  if (code <= 0xff) return `\\x${digits.padStart(2, '0')}`;
  return code <= 0xffff ? `\\u${digits.padStart(4, '0')}` : `\\U${digits.padStart(8, '0')}`;
}
