import { InputError } from '../lib/errors.ts';
import { printFloat } from '../yaml/scalar.ts';
import type { DecryptedSops } from './decrypt-sops.ts';
import { writeDotenv } from './formats/dotenv.ts';
import { writeIni } from './formats/ini.ts';
import { writeJson } from './formats/json.ts';
import { writeYaml } from './formats/yaml-write.ts';
import { entriesOf, type Scalar, valueAt } from './tree.ts';

/**
 * The file as `sops decrypt` prints it, for a file that a container gets as a secret or a config. It is the same byte for byte, except for
 * the few things in YAML that formats/yaml-write.ts names. Throws InputError where the format cannot hold the values.
 */
export function plainFile({ format, documents, path }: DecryptedSops): Buffer {
  switch (format) {
    case 'yaml':
      return writeYaml(documents);
    case 'json':
      return writeJson(documents);
    case 'dotenv':
      return writeDotenv(documents);
    case 'ini':
      return writeIni(documents);
    case 'binary': {
      const data = documents[0] && valueAt(documents[0], 'data');
      if (data?.kind !== 'text') throw InputError.of(`${path} has no text under data, as a binary file of sops has`);
      return data.bytes ? Buffer.from(data.bytes) : Buffer.from(data.text);
    }
  }
}

/** The names and values of a flat file, as texts: numbers and booleans as YAML reads them, null as nothing. Throws InputError for any other. */
export const plainValues = (file: DecryptedSops): Map<string, string> =>
  new Map(flatEntries(file).map(({ key, value }) => [key, textOf(value)]));

/** The entries of a flat file, decrypted or not. Throws InputError for any other. */
export function flatEntries({
  format,
  documents,
  path,
  at,
}: Pick<DecryptedSops, 'format' | 'documents' | 'path' | 'at'>): { key: string; value: Scalar }[] {
  const [only, second] = documents;
  if (format === 'ini' || format === 'binary' || only === undefined || second !== undefined)
    throw InputError.of(`${path} has no names with values`, 'use one YAML or JSON document, or a .env file');
  return entriesOf(only).map(({ key, value, offset }) => {
    if (value.kind !== 'list' && value.kind !== 'map') return { key, value };
    const kind = value.kind === 'list' ? 'list' : 'mapping';
    throw InputError.at(at(offset), `${key} is a ${kind}, and a value is one text`);
  });
}

function textOf(value: Scalar): string {
  switch (value.kind) {
    case 'text':
    case 'int':
    case 'time':
      return value.text;
    case 'float':
      return printFloat(value.value);
    case 'bool':
      return String(value.value);
    case 'null':
      return '';
  }
}
