import { constants } from 'node:fs';
import { open } from 'node:fs/promises';

const MOST_BYTES = 4 * 1024 * 1024;

/** The text of a file that a person wrote: a token, a key, certificates. A FIFO that nobody writes into is empty, instead of a wait without end. */
export async function readSmall(path: string): Promise<string> {
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const { size } = await file.stat();
    if (size > MOST_BYTES) throw new Error(`it has more than ${MOST_BYTES} bytes`);
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}
