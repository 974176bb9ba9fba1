import { InputError } from '../errors.ts';

/**
 * The text of a file, without a byte order mark. Throws InputError at the first byte that is not UTF-8, so that no character changes
 * silently. The message shows no part of the text, since it may be secret.
 */
export function utf8(content: Uint8Array, file: string): string {
  const text = decoded(content, false);
  if (text !== undefined) return text;
  const before = decoded(content.subarray(0, validBytes(content)), true) ?? '';
  const lines = before.split('\n');
  const at = { file, line: lines.length, column: [...(lines.at(-1) ?? '')].length + 1 };
  throw InputError.at(at, 'the file is not UTF-8 text from here on', 'save it as UTF-8');
}

/** undefined when the bytes are not UTF-8. `isCut`: the bytes may end within a character; that part is left out. */
function decoded(content: Uint8Array, isCut: boolean): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(content, { stream: isCut });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_ENCODING_INVALID_ENCODED_DATA') return undefined;
    throw error;
  }
}

/** The number of bytes from the start that are UTF-8, including an incomplete last character. */
function validBytes(content: Uint8Array): number {
  let [valid, invalid] = [0, content.byteLength + 1];
  while (invalid - valid > 1) {
    const middle = (valid + invalid) >> 1;
    if (decoded(content.subarray(0, middle), true) === undefined) invalid = middle;
    else valid = middle;
  }
  return valid;
}
