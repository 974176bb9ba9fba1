import { InputError } from '../../lib/errors.ts';

/** A private age key, `AGE-SECRET-KEY-1…`, or `AGE-SECRET-KEY-PQ-1…` of the hybrid kind, and the public key that files are encrypted for. */
export interface Identity {
  secret: string;
  recipient: string;
}

/** Most keys of one file. A site reads a few while one is replaced by the next. */
const MOST_IDENTITIES = 100;
const MOST_BYTES = 256 * 1024;

/** A new key, by the machine's source of randomness. */
export async function generateIdentity(): Promise<Identity> {
  const { generateX25519Identity } = await import('age-encryption');
  const secret = await generateX25519Identity();
  return { secret, recipient: await recipientOf(secret) };
}

/** The public key of a private one. Throws an error that does not show the key. */
export async function recipientOf(secret: string): Promise<string> {
  const { identityToRecipient } = await import('age-encryption');
  try {
    return await identityToRecipient(secret);
  } catch {
    throw InputError.of('the age key has a wrong checksum, or a part of it is missing');
  }
}

/** `, age1…, age1…`: public keys at the end of a clause. */
export const recipientsInWords = (identities: readonly Identity[]): string =>
  identities.map(({ recipient }) => `, ${recipient}`).join('');

/** A key file as `age-keygen` writes it. */
export const keyFileText = ({ secret, recipient }: Identity): string => `# public key: ${recipient}\n${secret}\n`;

/**
 * Reads a key file of age: a key a line, among comments and empty lines. Throws InputError, which has the line and never shows it.
 */
export async function parseIdentities(text: string, file: string): Promise<Identity[]> {
  if (text.length > MOST_BYTES)
    throw InputError.at({ file, line: 1, column: 1 }, 'this is too large for a file of age keys');
  const found: Identity[] = [];
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const secret = line.trim();
    if (secret === '' || secret.startsWith('#')) continue;
    const at = { file, line: index + 1, column: 1 };
    const problem = problemOf(secret);
    if (problem) throw InputError.at(at, ...problem);
    if (found.length === MOST_IDENTITIES) throw InputError.at(at, `the file holds over ${MOST_IDENTITIES} keys`);
    try {
      found.push({ secret, recipient: await recipientOf(secret) });
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      throw InputError.at(at, error.problems[0]?.message ?? 'this is no age key');
    }
  }
  if (found.length === 0)
    throw InputError.at({ file, line: 1, column: 1 }, 'the file holds no age key', '`holdfast keygen` makes one');
  return found;
}

/** The reason why a line is no key that can be used, with advice; its checksum is not looked at. */
function problemOf(line: string): [message: string, hint: string] | undefined {
  const hint = 'a line holds one key, AGE-SECRET-KEY-1…';
  if (line.startsWith('AGE-PLUGIN-'))
    return ['this key needs a plugin of age, and plugins are not supported', 'make a key with `holdfast keygen`'];
  if (line.startsWith('-----BEGIN AGE ENCRYPTED FILE'))
    return ['this key file is encrypted with a passphrase', 'decrypt it with `age -d`'];
  if (line.startsWith('-----BEGIN ')) return ['this is a key of SSH, and not one of age', hint];
  if (/^age1/i.test(line)) return ['this is a public key; the private one is needed here', hint];
  return /^AGE-SECRET-KEY-(PQ-)?1[0-9A-Z]+$/i.test(line) ? undefined : ['this line is no age key', hint];
}

/** Most bytes of one encrypted data key. It is some 400 bytes, with a hybrid key some 2,500. */
const MOST_SEALED = 16 * 1024;

/** Opens a small file that age encrypted and armoured, as a data key of sops is; undefined where no identity is right for it. */
export async function openSealed(armoured: string, identities: readonly Identity[]): Promise<Uint8Array | undefined> {
  if (armoured.length > MOST_SEALED) return undefined;
  const { armor, Decrypter } = await import('age-encryption');
  const decrypter = new Decrypter();
  for (const { secret } of identities) decrypter.addIdentity(secret);
  try {
    return await decrypter.decrypt(armor.decode(armoured));
  } catch {
    // A wrong key and a broken text end in the same way: nothing was opened.
    return undefined;
  }
}
