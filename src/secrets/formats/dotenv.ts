import { InputError } from '../../lib/errors.ts';
import { SOPS_LIMITS } from '../../lib/limits.ts';
import type { Mapping } from '../tree.ts';
import { plainText } from './go-values.ts';

/** Reads a dotenv file as sops does: a line is `NAME=text` or a comment, `\n` in it is a new line, and quotes mean nothing. Throws InputError. */
export function readDotenv(text: string, file: string): Mapping[] {
  const map: Mapping = { kind: 'map', entries: [], offset: 0 };
  const names = new Set<string>();
  let offset = 0;
  for (const [index, line] of text.split('\n').entries()) {
    const equals = line.indexOf('=');
    const at = { file, line: index + 1, column: 1 };
    if (map.entries.length > SOPS_LIMITS.values)
      throw InputError.at(at, `the file holds over ${SOPS_LIMITS.values} values`);
    if (line.startsWith('#')) map.entries.push({ kind: 'comment', text: line.slice(1), inline: false, offset });
    else if (line !== '') {
      if (equals < 0) throw InputError.at(at, 'this line is neither NAME=value nor a comment');
      const key = line.slice(0, equals);
      if (names.has(key)) throw InputError.at(at, 'this name is there twice');
      names.add(key);
      const value = { kind: 'text', text: line.slice(equals + 1).replaceAll('\\n', '\n'), offset } as const;
      map.entries.push({ kind: 'entry', key, value, offset });
    }
    offset += line.length + 1;
  }
  return [map];
}

/** Writes a dotenv file as sops does. Throws InputError for a list or a mapping. */
export function writeDotenv([map]: readonly Mapping[]): Buffer {
  const lines = (map?.entries ?? []).map((entry): Buffer => {
    if (entry.kind === 'comment') return Buffer.from(`#${entry.text}\n`);
    const { key, value } = entry;
    if (value.kind === 'list' || value.kind === 'map') throw InputError.of('a dotenv file holds texts alone');
    const bytes =
      value.kind === 'text' && value.bytes
        ? Buffer.from(Buffer.from(value.bytes).toString('latin1').replaceAll('\n', '\\n'), 'latin1')
        : Buffer.from(plainText(value).replaceAll('\n', '\\n'));
    return Buffer.concat([Buffer.from(`${key}=`), bytes, Buffer.from('\n')]);
  });
  return Buffer.concat(lines);
}
