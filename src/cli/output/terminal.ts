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

/** Writes one or several lines to standard output. In a text that is not a `Line`, everything is escaped, line breaks too. */
export const print = (lines: Words | readonly Words[]): void => {
  process.stdout.write(textOf(lines));
};

/** Writes one or several lines to standard error. */
export const printError = (lines: Words | readonly Words[]): void => {
  process.stderr.write(textOf(lines));
};

/** Writes JSON with its line breaks. */
export const printJson = (json: string): void => {
  process.stdout.write(`${printableJson(json)}\n`);
};

/** Writes Markdown, whose texts from outside are escaped already. */
export const printMarkdown = (markdown: string): void => print(markdown.split('\n'));

/** The lines as they are sent. A line that begins with `::` is a command to GitHub's runner, so no line of ours begins with it. */
const textOf = (lines: Words | readonly Words[]): string =>
  [lines]
    .flat()
    .map((each) => `${Line.of(each).sent.replace(/^(\s*):(?=:)/, '$1\\x3a')}\n`)
    .join('');

/**
 * Keeps the process alive when its output can no longer be written. A reader that has seen enough (`| head`) is not a failure. A full disk is one: the
 * process then ends with an exit code that says so.
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
