import { createDecipheriv } from 'node:crypto';
import { floatDigits, lastModifiedOf } from '../formats/go-values.ts';
import type { Comment, Scalar } from '../tree.ts';

/** A text as sops writes an encrypted value. Each class of characters ends before the next part, so the match takes linear time. */
const ENCRYPTED =
  /^ENC\[AES256_GCM,data:([A-Za-z0-9+/]+={0,2}),iv:([A-Za-z0-9+/]+={0,2}),tag:([A-Za-z0-9+/]+={0,2}),type:([a-z]+)\]$/;
const TAG_BYTES = 16;

export const isEncrypted = (text: string): boolean => ENCRYPTED.test(text);

/** A decrypted value, and the bytes that the MAC covers. A comment is in no MAC. */
export interface Plain {
  value: Scalar | Comment;
  covered: Uint8Array;
}

/**
 * Decrypts one value. `boundTo` is the additional data: the path of the value, or the time of the MAC. The type of a value is not
 * authenticated, so its text must fit it. undefined where the text is no encrypted value, or is not one of this key and place.
 */
export function decryptValue(text: string, key: Uint8Array, boundTo: string, offset: number): Plain | undefined {
  const [, data, iv, tag, type = ''] = ENCRYPTED.exec(text) ?? [];
  if (data === undefined || iv === undefined || tag === undefined) return undefined;
  const bytes = opened(key, { data, iv, tag }, boundTo);
  return bytes && typed(bytes, type, offset);
}

function opened(
  key: Uint8Array,
  { data, iv, tag }: { data: string; iv: string; tag: string },
  boundTo: string,
): Buffer | undefined {
  const [data64, iv64, tag64] = [data, iv, tag].map((part) => Buffer.from(part, 'base64'));
  if (!data64 || !iv64 || tag64?.length !== TAG_BYTES) return undefined;
  try {
    const cipher = createDecipheriv('aes-256-gcm', key, iv64, { authTagLength: TAG_BYTES });
    cipher.setAAD(Buffer.from(boundTo)).setAuthTag(tag64);
    return Buffer.concat([cipher.update(data64), cipher.final()]);
  } catch {
    // The library's own words say nothing more than that this is not the right key, place or text.
    return undefined;
  }
}

const INT = /^[-+]?\d{1,20}$/;
const FLOAT = /^(?:[-+]?(?:\d{1,400}(?:\.\d{0,1100})?|\.\d{1,1100})(?:[eE][-+]?\d{1,5})?|NaN|[-+]?Inf)$/;
const TRUE = new Set(['1', 't', 'T', 'TRUE', 'true', 'True']);
const FALSE = new Set(['0', 'f', 'F', 'FALSE', 'false', 'False']);

function typed(bytes: Buffer, type: string, offset: number): Plain | undefined {
  const text = bytes.toString('utf8');
  switch (type) {
    case 'str': {
      const isText = Buffer.from(text, 'utf8').equals(bytes);
      return { value: { kind: 'text', text, offset, ...(isText ? {} : { bytes }) }, covered: bytes };
    }
    case 'comment':
      return { value: { kind: 'comment', text, inline: false, offset }, covered: new Uint8Array() };
    case 'int': {
      const value = INT.test(text) ? BigInt(text.replace(/^\+/, '')) : undefined;
      if (value === undefined || BigInt.asIntN(64, value) !== value) return undefined;
      return plain({ kind: 'int', text: String(value), offset });
    }
    case 'float':
      return FLOAT.test(text) ? plain({ kind: 'float', value: floatOf(text), offset }) : undefined;
    case 'bool':
      return TRUE.has(text) || FALSE.has(text) ? plain({ kind: 'bool', value: TRUE.has(text), offset }) : undefined;
    case 'time':
      return lastModifiedOf(text) === undefined ? undefined : plain({ kind: 'time', text, offset });
    default:
      return undefined;
  }
}

const plain = (value: Scalar): Plain => ({ value, covered: coveredBytes(value) });

const floatOf = (text: string): number => Number(text.replace('Inf', 'Infinity'));

/** The bytes of a value that the MAC covers (`ToBytes` of sops). */
export function coveredBytes(value: Scalar): Uint8Array {
  switch (value.kind) {
    case 'text':
      return value.bytes ?? Buffer.from(value.text);
    case 'int':
    case 'time':
      return Buffer.from(value.text);
    case 'float':
      return Buffer.from(floatDigits(value.value));
    case 'bool':
      return Buffer.from(value.value ? 'True' : 'False');
    case 'null':
      return new Uint8Array();
  }
}
