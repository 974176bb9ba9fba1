import { InputError } from '../../lib/errors.ts';
import { type Identity, recipientsInWords } from './identity.ts';

/** Most bytes of a key that age encrypted. It is some 500 bytes for one recipient, and some 2,500 for one of the hybrid kind. */
const MOST_BYTES = 64 * 1024;
/** Each costs a calculation for each key. */
const MOST_STANZAS = 100;

const VERSION = 'age-encryption.org/v1';
/** The kinds of recipients that a key file can have. */
const USABLE: readonly string[] = ['X25519', 'mlkem768x25519'];
/** A nonce, and the tag of an empty text. */
const LEAST_PAYLOAD = 32;

/**
 * Checks, without any key, that a file is a small text that age encrypted for at least one public key, and gives its bytes. A file does not show for which keys.
 * Throws InputError.
 */
export async function readAgeFile(content: Uint8Array, path: string): Promise<Uint8Array> {
  const refuse = refuser(path);
  if (content.byteLength > MOST_BYTES)
    return refuse(`the file is larger than ${MOST_BYTES / 1024} KB, and an encrypted key is not`);
  const text = Buffer.from(content).toString('latin1');
  if (text.startsWith(VERSION)) return refuse('the file is not armoured', 'encrypt it with `age --armor`');
  const { armor } = await import('age-encryption');
  let bytes: Uint8Array;
  try {
    bytes = armor.decode(text);
  } catch {
    return refuse('this is not a file that age encrypted and armoured, or a part of it is missing');
  }
  checkHeader(Buffer.from(bytes).toString('latin1').split('\n'), bytes.length, refuse);
  return bytes;
}

type Refuse = (message: string, hint?: string) => never;

const refuser =
  (path: string): Refuse =>
  (message, hint) => {
    throw InputError.at({ file: path, line: 1, column: 1 }, message, hint);
  };

function checkHeader(lines: readonly string[], size: number, refuse: Refuse): void {
  if (lines[0] !== VERSION) refuse('this is not a file of age, version 1');
  const kinds: string[] = [];
  let index = 1;
  while (lines[index]?.startsWith('-> ')) {
    kinds.push(lines[index]?.split(' ')[1] ?? '');
    // The last line of a stanza is shorter than the others.
    do index++;
    while (lines[index]?.length === 64);
    index++;
  }
  const header = lines.slice(0, index + 1).join('\n').length + 1;
  if (!lines[index]?.startsWith('--- ') || size < header + LEAST_PAYLOAD)
    refuse('a part of this file of age is missing');
  if (kinds.includes('scrypt'))
    refuse('the file is encrypted with a passphrase', 'encrypt it for public keys with `holdfast recipients`');
  if (kinds.length > MOST_STANZAS) refuse(`the file is encrypted for over ${MOST_STANZAS} keys`);
  if (!kinds.some((kind) => USABLE.includes(kind)))
    refuse(`the file is encrypted for no age key: its only keys are of the kind ${kinds.join(', ') || 'none'}`);
}

/** Decrypts a small text. Throws InputError, which shows nothing of it. */
export async function openAgeFile(
  content: Uint8Array,
  path: string,
  identities: readonly Identity[],
): Promise<Uint8Array> {
  const bytes = await readAgeFile(content, path);
  const { Decrypter } = await import('age-encryption');
  const decrypter = new Decrypter();
  for (const { secret } of identities) decrypter.addIdentity(secret);
  try {
    return await decrypter.decrypt(bytes);
  } catch (error) {
    return refuser(path)(
      /no identity matched/.test(String(error))
        ? `the file is not encrypted for the key here${recipientsInWords(identities)}`
        : 'the file was changed, or a part of it is missing',
      'write it again with `holdfast recipients`',
    );
  }
}

/** Encrypts a small text for public keys, as an armoured file of age that `readAgeFile` takes. Throws InputError for too many keys, and for a text that is none. */
export async function sealAgeFile(text: string, recipients: readonly string[]): Promise<string> {
  const { armor, Encrypter } = await import('age-encryption');
  const encrypter = new Encrypter();
  for (const recipient of recipients) {
    try {
      encrypter.addRecipient(recipient);
    } catch {
      throw InputError.of(
        `${recipient} is no public age key: its checksum is wrong, or it is of a kind that is not known here`,
      );
    }
  }
  const sealed = armor.encode(await encrypter.encrypt(text));
  if (recipients.length > MOST_STANZAS || sealed.length > MOST_BYTES)
    throw InputError.of(
      `a key cannot be encrypted for ${recipients.length} public keys: 100 are the most, of the hybrid kind some 30`,
    );
  return sealed;
}
