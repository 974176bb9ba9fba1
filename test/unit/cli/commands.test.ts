import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { defineCommand, one } from '../../../src/cli/command.ts';
import { COMMANDS } from '../../../src/cli/commands.ts';
import { count, duration, text } from '../../../src/cli/options/kinds.ts';
import { flagOf, onOff, optional, repeated, required, withDefault, yesNo } from '../../../src/cli/options/option.ts';
import { run } from '../../../src/cli/program.ts';

let written: string;
beforeEach(() => {
  written = '';
  for (const stream of [process.stdout, process.stderr])
    jest.spyOn(stream, 'write').mockImplementation((sent: string | Uint8Array) => {
      written += String(sent);
      return true;
    });
});
afterEach(() => {
  jest.restoreAllMocks();
});

test('the help of the program lists all commands', async () => {
  expect(await run(['--help'])).toBe(0);
  for (const name of Object.keys(COMMANDS)) expect(written).toMatch(new RegExp(`^  ${name} `, 'm'));
});

test.each(Object.keys(COMMANDS))('the help of %s says its summary, options and exit codes', async (name) => {
  const { summary, load } = COMMANDS[name] as (typeof COMMANDS)[string];
  const { command } = await load();
  expect(await run([name, '--help'])).toBe(0);
  const words = written.replace(/\s+/g, ' ');
  expect(words).toContain(summary);
  for (const [key, option] of Object.entries(command.options)) {
    if (option.isSecret) expect(words).not.toContain(`${flagOf(key)} `);
    else
      expect(words).toContain(`${flagOf(key)}${option.placeholder ? ` <${option.placeholder}>` : ''} ${option.help}`);
  }
  for (const [code, meaning] of Object.entries(command.exitCodes))
    expect(written).toContain(`\n  ${code}  ${meaning}\n`);
  const direct = written;
  written = '';
  expect(await run(['help', name])).toBe(0);
  expect(written).toBe(direct);
});

const given: unknown[] = [];
const sample = defineCommand({
  argument: one('folder', 'a folder'),
  options: {
    timeout: withDefault(duration, '5m', 'a time'),
    times: optional(count(1), 'a number'),
    key: required(text('file'), 'a file'),
    label: repeated(text('name'), 'a name'),
    quiet: onOff('print nothing'),
    adopt: yesNo('adopt', 'do not adopt'),
  },
  exitCodes: { 0: 'done', 2: 'bad input' },
  run(folder, options) {
    given.push(folder, options);
    return 0;
  },
});

test('a command gets its options in their types, and none that was not given and has no default', async () => {
  await sample.start([], { key: 'k' });
  await sample.start(['there'], {
    key: 'k',
    timeout: '90s',
    times: '2',
    label: ['a', 'b c'],
    quiet: true,
    adopt: false,
  });
  expect(given).toStrictEqual([
    undefined,
    { timeout: 300_000, key: 'k', label: [], quiet: false },
    'there',
    { timeout: 90_000, times: 2, key: 'k', label: ['a', 'b c'], quiet: true, adopt: false },
  ]);
});

test('a value that does not fit is refused by the name of its flag', async () => {
  await expect(sample.start([], { key: 'k', times: '0' })).rejects.toThrow(
    '--times must be a whole number from 1 on, not "0"',
  );
});

test('words that are no command, and none at all, are bad input', async () => {
  expect(await run(['aply'])).toBe(2);
  expect(written).toContain('Did you mean apply?');
  expect(await run([])).toBe(2);
  expect(await run(['help', 'constructor'])).toBe(2);
});
