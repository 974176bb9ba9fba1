import { InputError } from '../../lib/errors.ts';
import type { KeyGroup, SopsMetadata } from '../metadata.ts';
import { type Identity, openSealed, recipientsInWords } from './identity.ts';
import { combine } from './shamir.ts';

/** AES-256. */
const KEY_BYTES = 32;
/** Most entries that are tried for the same recipients. */
const MOST_TRIES = 100;

/** True where the identities are of enough key groups to decrypt the file. */
export function opensWith({ groups, threshold }: SopsMetadata, identities: readonly Identity[]): boolean {
  const own = new Set(identities.map(({ recipient }) => recipient));
  return groups.filter(({ age }) => age.some(({ recipient }) => own.has(recipient))).length >= threshold;
}

/** The key that the values of a file are encrypted with. Throws InputError where the identities do not open it. */
export async function openDataKey(
  { groups, threshold, recipients }: SopsMetadata,
  identities: readonly Identity[],
  path: string,
): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for (const group of groups) {
    if (parts.length === threshold) break;
    const part = await openGroup(group, identities);
    if (part) parts.push(part);
  }
  if (parts.length < threshold) throw closed(path, recipients, identities, threshold);
  const key = groups.length === 1 ? parts[0] : combined(parts);
  if (key?.length !== KEY_BYTES) throw InputError.of(`${path}: the key in this file is not one of sops`);
  return key;
}

async function openGroup(group: KeyGroup, identities: readonly Identity[]): Promise<Uint8Array | undefined> {
  const own = new Set(identities.map(({ recipient }) => recipient));
  const sealed = group.age.filter(({ recipient }) => own.has(recipient)).slice(0, MOST_TRIES);
  for (const { recipient, sealed: text } of sealed) {
    const part = await openSealed(
      text,
      identities.filter((identity) => identity.recipient === recipient),
    );
    if (part) return part;
  }
  return undefined;
}

function combined(parts: readonly Uint8Array[]): Uint8Array | undefined {
  try {
    return combine(parts);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function closed(
  path: string,
  recipients: readonly string[],
  identities: readonly Identity[],
  threshold: number,
): InputError {
  const own = identities.map(({ recipient }) => recipient);
  const isNamed = own.some((recipient) => recipients.includes(recipient));
  if (threshold > 1)
    return InputError.of(`${path} needs keys of ${threshold} of its key groups, and the keys here are of fewer`);
  return isNamed
    ? InputError.of(
        `${path} names the key ${own.find((one) => recipients.includes(one))}, but it is not encrypted for it`,
      )
    : InputError.of(
        `${path} is not encrypted for the key here${recipientsInWords(identities)}`,
        'add the recipient with `sops updatekeys`',
      );
}
