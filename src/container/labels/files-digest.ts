/**
 * The digest of the files that a container binds, as its label has it. Without encrypted files it is one digest. With them it has three parts:
 * `PLAIN+KEY.DIGEST+SEALED`. PLAIN covers the other files. DIGEST covers the decrypted content, by a random key of the site that KEY names, so
 * that nobody who reads a label can guess a secret. SEALED covers the encrypted values as Git has them.
 */
export interface FilesDigest {
  /** "" for none. */
  plain: string;
  /** KEY and DIGEST; "" where nothing was decrypted, as on a laptop. */
  keyed: string;
  /** "" where no file is encrypted. */
  sealed: string;
}

const MARK = '+';

export const filesDigestText = ({ plain, keyed, sealed }: FilesDigest): string =>
  sealed === '' ? plain : [plain, keyed, sealed].join(MARK);

function readFilesDigest(text: string): FilesDigest {
  const [plain = '', keyed = '', sealed = ''] = text.split(MARK);
  return { plain, keyed, sealed };
}

/**
 * The digest without the encrypted values: another encryption of the same content is no other goal. Where nothing was decrypted, the encrypted
 * values are all that is known.
 */
export function filesGoal(text: string): string {
  const { plain, keyed, sealed } = readFilesDigest(text);
  return keyed === '' ? text : filesDigestText({ plain, keyed, sealed: sealed && '*' });
}

/**
 * Compares the files that a container was made with and those that it should have. `unknown`: an encrypted file changed, and the content cannot be
 * compared here, as nothing was decrypted. The digest by a key that the site lost tells nothing, and counts as the same: the file itself is compared.
 */
export function compareFiles(was: string, is: string): 'same' | 'changed' | 'unknown' {
  if (was === is) return 'same';
  const [old, wanted] = [readFilesDigest(was), readFilesDigest(is)];
  if (old.plain !== wanted.plain || (old.sealed === '') !== (wanted.sealed === '')) return 'changed';
  if (old.sealed === wanted.sealed) return 'same';
  if (old.keyed === '' || wanted.keyed === '') return 'unknown';
  return keyOf(old) !== keyOf(wanted) || old.keyed === wanted.keyed ? 'same' : 'changed';
}

const keyOf = ({ keyed }: FilesDigest): string => keyed.slice(0, keyed.indexOf('.'));
