import { describe, expect, test } from '@jest/globals';
import { coloured, Line, line } from '../../../src/lib/text/line.ts';
import { excerpt, printable, printableJson } from '../../../src/lib/text/printable.ts';

test.each([
  ['\x1b[2J', '\\x1b[2J'],
  ['a\nb\r\tc', 'a\\nb\\r\\tc'],
  ['\0\x7f\x9b', '\\x00\\x7f\\x9b'],
  ['pay\u202egnp\u2066x\u2069', 'pay\\u202egnp\\u2066x\\u2069'],
  ['a\u2028b\u2029', 'a\\u2028b\\u2029'],
  ['##[error]x ##vso[task]y # [z] ##', '#\\x23[error]x #\\x23vso[task]y # [z] ##'],
  ['Grüße, 店, 🙂, "C:\\dir"', 'Grüße, 店, 🙂, "C:\\dir"'],
])('%j is shown as %s', (text, shown) => {
  expect(printable(text)).toBe(shown);
  expect(printable(shown)).toBe(shown);
});

test('a text without an end of its own is one short line', () => {
  expect(excerpt('  denied:\r\n  ask\tthe owner\x1b[0m\n')).toBe('denied: ask the owner\\x1b[0m');
  expect(excerpt('\x1b'.repeat(1e6))).toHaveLength(300);
});

test('JSON means the same afterwards', () => {
  const value = { '\x9b': 'a\n\x7f\u202e\u2028 ##[x]', list: [1, '\x1b'] };
  const shown = printableJson(JSON.stringify(value, null, 2));
  expect(JSON.parse(shown)).toEqual(value);
  expect(shown).not.toMatch(/[\x7f-\x9f\u202e\u2028]|##\[/);
});

describe('a line', () => {
  test('has the colours of the palette and no other control character', () => {
    const { sent } = line`${coloured.error('error:')} ${'\x1b[1mx\n'} ${3}`;
    expect(sent).toBe('\x1b[31merror:\x1b[39m \\x1b[1mx\\n 3');
  });

  test('in another one is left as it is', () => {
    expect(line`${line`${'\n'}`}${coloured.bold(coloured.dim('\t'))}`.sent).toBe(
      '\\n\x1b[1m\x1b[2m\\t\x1b[22m\x1b[22m',
    );
    expect(Line.join(['a\n', Line.of('b')]).sent).toBe('a\\nb');
  });
});
