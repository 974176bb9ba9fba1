import { PassThrough } from 'node:stream';
import { describe, expect, test } from '@jest/globals';
import { confirm } from '../../../src/cli/output/confirm.ts';

/** A terminal at which somebody types a line, or ends the input. */
function terminal(typed: string | undefined, isTTY = true) {
  const input = Object.assign(new PassThrough(), { isTTY });
  const output = new PassThrough();
  if (typed === undefined) input.end();
  else input.write(typed);
  return { input, output, shown: () => String(output.read() ?? '') };
}

describe('a question before something is removed', () => {
  test.each(['y\n', 'yes\n', ' YES \n'])('%j is a yes', async (typed) => {
    expect(await confirm('Remove it?', terminal(typed))).toBe(true);
  });

  test.each(['\n', 'n\n', 'yess\n', 'no\n', undefined])('%j is a no', async (typed) => {
    expect(await confirm('Remove it?', terminal(typed))).toBe(false);
  });

  test('the question says how to answer', async () => {
    const { input, output, shown } = terminal('n\n');
    await confirm('Remove it?', { input, output });
    expect(shown()).toContain('Remove it? [y/N] ');
  });

  test('nobody is asked where no person types', async () => {
    const { input, output, shown } = terminal(undefined, false);
    expect(await confirm('Remove it?', { input, output })).toBe(true);
    expect(shown()).toBe('');
  });
});
