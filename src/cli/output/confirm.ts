import { createInterface } from 'node:readline/promises';
import { printable } from '../../lib/text/printable.ts';

/** Where a question is asked, and the answer read. */
interface Terminal {
  input: NodeJS.ReadableStream & { isTTY?: boolean };
  output: NodeJS.WritableStream;
}

/**
 * Asks a person a question that only `y` or `yes` answers with yes; Ctrl-C and the end of the input are a no. Nobody is asked where no person
 * types: a script that runs the command means it.
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
