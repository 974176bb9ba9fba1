import { coloured, type Palette, plain } from '../plan/render.ts';

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
