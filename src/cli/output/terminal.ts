import { coloured, Line, type Palette, plain } from '../../lib/text/line.ts';
import { printableJson } from '../../lib/text/printable.ts';
import { EXIT } from '../exit.ts';

/** Colours on a terminal; none where NO_COLOR is set (no-color.org) or the output is a pipe. */
export function palette(stream: { isTTY?: boolean } = process.stdout): Palette {
  if (process.env.NO_COLOR) return plain;
  return process.env.FORCE_COLOR || stream.isTTY ? coloured : plain;
}

export const errorPalette = (): Palette => palette(process.stderr);

type Words = string | Line;

/** Writes a line, or several, to standard output. Words that are no `Line` are escaped whole, their line breaks too. */
export const print = (lines: Words | readonly Words[]): void => {
  process.stdout.write(textOf(lines));
};

/** The same to standard error. */
export const printError = (lines: Words | readonly Words[]): void => {
  process.stderr.write(textOf(lines));
};

/** Writes JSON, laid out as it is. */
export const printJson = (json: string): void => {
  process.stdout.write(`${printableJson(json)}\n`);
};

/** Lines as they are sent. A command of GitHub's runner begins with `::` at the start of a line, so other people's words never begin with it. */
const textOf = (lines: Words | readonly Words[]): string =>
  [lines]
    .flat()
    .map((each) => `${Line.of(each).sent.replace(/^(\s*):(?=:)/, '$1\\x3a')}\n`)
    .join('');

/**
 * What is under way goes on when its output can no longer be written: a reader that has seen enough (`| head`) is no failure. A file that is full
 * is one, at the end.
 */
export function outliveOutput(): void {
  let isLost = false;
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', ({ code }: NodeJS.ErrnoException) => {
      isLost ||= code !== 'EPIPE';
    });
  }
  process.on('exit', () => {
    if (isLost && !process.exitCode) process.exitCode = EXIT.failed;
  });
}
