import { expect, test } from '@jest/globals';
import { endOfOutput } from '../../../src/engine/client/output.ts';

/** One write of a program, as an engine frames it: the stream, three zeros, the length. */
const frame = (stream: 1 | 2, text: string): Buffer => {
  const head = Buffer.from([stream, 0, 0, 0, 0, 0, 0, 0]);
  head.writeUInt32BE(Buffer.byteLength(text), 4);
  return Buffer.concat([head, Buffer.from(text)]);
};

test('the end of both streams is kept, wherever the answer is cut', () => {
  const sent = Buffer.concat([frame(1, 'one\n'), frame(2, 'two\n'), frame(1, '')]);
  for (let cut = 0; cut <= sent.length; cut += 1) {
    const output = endOfOutput(true);
    output.take(sent.subarray(0, cut));
    output.take(sent.subarray(cut));
    expect(output.text()).toBe('one\ntwo\n');
  }
});

test('a program that writes byte by byte does no harm', () => {
  const output = endOfOutput(true);
  output.take(Buffer.concat(Array.from({ length: 8000 }, () => frame(1, 'x'))));
  expect(output.text()).toBe('x'.repeat(4096));
});
