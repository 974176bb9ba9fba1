import { createHash, timingSafeEqual } from 'node:crypto';
import { InputError, type Position } from '../lib/errors.ts';
import { coveredBytes, decryptValue } from './crypt/cipher.ts';
import { openDataKey } from './crypt/data-key.ts';
import type { Identity } from './crypt/identity.ts';
import { type Matcher, openRule } from './crypt/rules.ts';
import { walk } from './crypt/walk.ts';
import type { SopsFile, SopsFormat } from './sops-file.ts';
import type { Comment, Mapping, Scalar } from './tree.ts';

/** The values of a file, whose MAC is right. */
export interface DecryptedSops {
  format: SopsFormat;
  path: string;
  documents: Mapping[];
  /** The place of an offset of the tree. */
  at: (offset: number) => Position;
}

/** sops hashes these bytes first where the MAC covers the encrypted values alone: SHA-256 of `sops`. */
const ONLY_ENCRYPTED = createHash('sha256').update('sops').digest();

/**
 * Decrypts a file with age keys. Gives nothing unless each value is one of this file, key and path, and the MAC over all of them is right.
 * Throws InputError, with the place; its messages show no values and no keys.
 */
export async function decryptSops(file: SopsFile, identities: readonly Identity[]): Promise<DecryptedSops> {
  const { format, path, metadata, at } = file;
  const key = await openDataKey(metadata, identities, path);
  const matches = await openRule(metadata.rule, at(0));
  const hash = createHash('sha512');
  if (metadata.macOnlyEncrypted) hash.update(ONLY_ENCRYPTED);
  const documents = file.documents.map((document) =>
    walk(document, at, (leaf, place) => {
      const isEncrypted = matches(place);
      const boundTo = `${place.path.join(':')}:`;
      if (leaf.kind === 'comment') return isEncrypted ? openComment(leaf, key, boundTo, at) : leaf;
      const value = isEncrypted ? openValue(leaf, key, boundTo, at) : leaf;
      if (value.kind !== 'comment' && (isEncrypted || !metadata.macOnlyEncrypted)) hash.update(coveredBytes(value));
      return value;
    }),
  );
  const expected = decryptValue(metadata.mac, key, metadata.lastModified, 0)?.value;
  if (expected?.kind !== 'text' || !isSame(expected.text, hash.digest('hex').toUpperCase()))
    throw InputError.at(
      at(0),
      'the MAC of this file is wrong: somebody changed it without sops, so nothing of it is used',
      'take the version before, or check each value and encrypt it again with `sops edit --ignore-mac`',
    );
  return { format, path, documents, at };
}

/** A value that the rule encrypts. sops leaves an empty text as it is. */
function openValue(leaf: Scalar, key: Uint8Array, boundTo: string, at: (offset: number) => Position): Scalar | Comment {
  if (leaf.kind === 'text' && leaf.text === '') return leaf;
  const name = boundTo.slice(0, -1);
  if (leaf.kind !== 'text' || !leaf.text.startsWith('ENC['))
    throw InputError.at(
      at(leaf.offset),
      `the value of ${name} is not encrypted, and the rule of this file asks for it`,
    );
  const plain = decryptValue(leaf.text, key, boundTo, leaf.offset);
  if (!plain)
    throw InputError.at(
      at(leaf.offset),
      `the value of ${name} cannot be decrypted: it was changed, or it comes from another place`,
    );
  return plain.value;
}

/**
 * A comment may be plain even if the rule encrypts it: older versions of sops left comments as they were. A value in a comment is refused; sops
 * itself would count it for the MAC, so that an item of a list could be made a comment.
 */
function openComment(comment: Comment, key: Uint8Array, boundTo: string, at: (offset: number) => Position): Comment {
  const plain = decryptValue(comment.text, key, boundTo, comment.offset);
  if (plain && plain.value.kind !== 'comment')
    throw InputError.at(at(comment.offset), 'this comment is an encrypted value that was made a comment');
  return plain?.value.kind === 'comment' ? plain.value : comment;
}

function isSame(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}

/** The names of the values that are encrypted, as `db.password`. Needs no key. */
export async function encryptedNames({ documents, metadata, at }: SopsFile): Promise<string[]> {
  const matches = await openRule(metadata.rule, at(0));
  const names = new Set<string>();
  for (const document of documents)
    walk(document, at, (leaf, place) => {
      if (leaf.kind !== 'comment' && matches(place)) names.add(place.path.join('.'));
      return leaf;
    });
  return [...names];
}

/**
 * Checks without any key that each value which the rule encrypts is encrypted, and no other is. Throws InputError with all problems.
 */
export async function checkSops({ documents, metadata, at }: SopsFile): Promise<void> {
  const matches: Matcher = await openRule(metadata.rule, at(0));
  const plain: Scalar[] = [];
  for (const document of documents) {
    walk(document, at, (leaf, place) => {
      const isOpen = leaf.kind !== 'text' || (leaf.text !== '' && !leaf.text.startsWith('ENC['));
      if (leaf.kind !== 'comment' && isOpen && matches(place)) plain.push(leaf);
      return leaf;
    });
  }
  if (plain.length === 0) return;
  const message = 'this value is not encrypted, and the rule of this file asks for it';
  throw new InputError(plain.slice(0, 100).map(({ offset }) => ({ at: at(offset), message })));
}
