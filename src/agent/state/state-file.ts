import { createHash } from 'node:crypto';
import { StateError } from '../../lib/errors.ts';

/**
 * The envelope of each JSON file in the state directory: `{"version":1,"checksum":SHA256,"content":…}`. All versions of Holdfast share it, so
 * that an older program recognises the file of a newer one and keeps it. The checksum covers the version too: a flipped bit in it is damage, and
 * not a newer version.
 */
export function seal(version: number, content: unknown): string {
  return `${JSON.stringify({ version, checksum: checksumOf(version, content), content })}\n`;
}

/** The content; undefined for anything that `seal` did not write, to the last bit. Throws StateError for a version that this program does not know. */
export function unseal(path: string, text: string, version: number): unknown {
  let file: { version?: unknown; checksum?: unknown; content?: unknown } | null;
  try {
    file = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof file?.version !== 'number' || file.checksum !== checksumOf(file.version, file.content)) return undefined;
  if (file.version === version) return file.content;
  throw new StateError(
    `${path} has version ${file.version}, and this Holdfast reads version ${version}: a newer Holdfast wrote it. The file is kept, and nothing is changed. Start the newer Holdfast again`,
  );
}

/** JSON without white space gives the same text again after it was parsed. */
const checksumOf = (version: number, content: unknown): string =>
  createHash('sha256')
    .update(`${version} ${JSON.stringify(content)}`)
    .digest('hex');
