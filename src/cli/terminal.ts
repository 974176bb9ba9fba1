import { coloured, type Palette, plain } from '../plan/render.ts';
import { EXIT } from './exit.ts';

/** Colours on a terminal; none where NO_COLOR is set (no-color.org) or the output is a pipe. */
export function palette(stream: { isTTY?: boolean } = process.stdout): Palette {
  if (process.env.NO_COLOR) return plain;
  return process.env.FORCE_COLOR || stream.isTTY ? coloured : plain;
}

export const errorPalette = (): Palette => palette(process.stderr);

export const print = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

export const printError = (text: string): void => {
  process.stderr.write(`${text}\n`);
};

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
