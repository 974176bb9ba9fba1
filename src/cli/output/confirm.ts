import { createInterface } from 'node:readline/promises';
import { printable } from '../../lib/text/printable.ts';

/** The streams that ask a question and read the answer. */
interface Terminal {
  input: NodeJS.ReadableStream & { isTTY?: boolean };
  output: NodeJS.WritableStream;
}

/**
 * Asks a question. `y` and `yes` mean yes; everything else, Ctrl-C and the end of the input mean no. Without a terminal it does not ask and gives true: a
 * script that runs the command means it.
 */
export async function confirm(
  question: string,
  { input, output }: Terminal = { input: process.stdin, output: process.stderr },
): Promise<boolean> {
  if (!input.isTTY) return true;
  const lines = createInterface({ input, output });
  try {
    const ended = new Promise<string>((resolve) => {
      lines.once('close', () => resolve(''));
      lines.once('SIGINT', () => resolve(''));
    });
    const answer = await Promise.race([lines.question(`${printable(question)} [y/N] `), ended]);
    return ['y', 'yes'].includes(answer.trim().toLowerCase());
  } finally {
    lines.close();
  }
}
