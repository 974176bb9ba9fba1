import { afterEach, beforeEach, jest } from '@jest/globals';

/** All that a test has written to its standard output and its standard error, in order. */
export let written: string;

/** To be called at the top of a test file: nothing that it writes is shown. */
export function captureWritten(): void {
  beforeEach(() => {
    written = '';
    for (const stream of [process.stdout, process.stderr])
      jest.spyOn(stream, 'write').mockImplementation((text: string | Uint8Array) => {
        written += String(text);
        return true;
      });
  });
  afterEach(() => {
    jest.restoreAllMocks();
  });
}

/** Forgets what was written so far. */
export function forgetWritten(): void {
  written = '';
}
