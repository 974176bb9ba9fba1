import { InputError, type Position } from '../lib/errors.ts';
import { inWords, SOPS_LIMITS } from '../lib/limits.ts';
import { utf8 } from '../lib/text/utf8.ts';
import { lineIndex } from '../yaml/lines.ts';
import { readDotenv } from './formats/dotenv.ts';
import { unflatten } from './formats/flatten.ts';
import { readIni } from './formats/ini.ts';
import { readJson } from './formats/json.ts';
import { readYaml } from './formats/yaml-read.ts';
import { readMetadata, type SopsMetadata } from './metadata.ts';
import { type Entry, entriesOf, type Mapping } from './tree.ts';

type TextFormat = 'yaml' | 'json' | 'dotenv' | 'ini';
export type SopsFormat = TextFormat | 'binary';

/** An encrypted file, read without any key: its values as they are in it, and its metadata apart. */
export interface SopsFile {
  format: SopsFormat;
  path: string;
  /** Its size. */
  bytes: number;
  /** One in every format but YAML. */
  documents: Mapping[];
  metadata: SopsMetadata;
  /** The place of an offset of the tree. */
  at: (offset: number) => Position;
}

const EXTENSIONS: readonly [RegExp, TextFormat][] = [
  [/\.ya?ml$/, 'yaml'],
  [/\.json$/, 'json'],
  [/\.env$/, 'dotenv'],
  [/\.ini$/, 'ini'],
];

/**
 * Reads a file that sops encrypted; undefined for any other file. The extension says the format, as it does for sops. A file with another
 * extension is binary for sops; where its content is that of another format, it is read as that. Throws InputError, with the place, for a
 * file of sops that is broken, has no age recipient, or is too large. Its messages show no values.
 */
export function parseSops(content: Uint8Array, path: string): SopsFile | undefined {
  const bytes = Buffer.from(content.buffer, content.byteOffset, content.byteLength);
  const named = EXTENSIONS.find(([pattern]) => pattern.test(path))?.[1];
  const format = (named ? [named] : UNNAMED).find((one) => isMarked(bytes, one));
  if (format === undefined) return undefined;
  if (content.byteLength > SOPS_LIMITS.bytes)
    throw InputError.at({ file: path, line: 1, column: 1 }, `the file is larger than ${inWords(SOPS_LIMITS.bytes)}`);
  const text = utf8(content, path);
  const lines = lineIndex(text);
  const at = (offset: number): Position => ({ file: path, ...lines(offset) });
  const documents = READERS[format](text, path);
  const meta = takeMetadata(documents, format, at);
  if (!meta) return undefined;
  const isBinary = named === undefined && format === 'json' && isEnvelope(documents);
  return {
    format: isBinary ? 'binary' : format,
    path,
    bytes: content.byteLength,
    documents,
    metadata: readMetadata(meta, at),
    at,
  };
}

const READERS: Readonly<Record<TextFormat, (text: string, path: string) => Mapping[]>> = {
  yaml: readYaml,
  json: readJson,
  dotenv: readDotenv,
  ini: readIni,
};

/** The beginning of the metadata in each format. */
const MARKS: Readonly<Record<TextFormat, readonly string[]>> = {
  yaml: ['\nsops:', '"sops"', "'sops'"],
  json: ['"sops"'],
  dotenv: ['\nsops_'],
  ini: ['[sops]'],
};
const UNNAMED: readonly TextFormat[] = ['json', 'yaml', 'dotenv', 'ini'];

/** The bytes can be those of a file of sops. Other files are not parsed, so they may hold anything. */
function isMarked(bytes: Buffer, format: TextFormat): boolean {
  // A MAC is an encrypted value.
  if (!bytes.includes('ENC[')) return false;
  if (format === 'json' && !/^\s*\{/.test(bytes.toString('latin1', 0, 100))) return false;
  return bytes.indexOf('sops') === 0 || MARKS[format].some((mark) => bytes.includes(mark));
}

/** sops puts a binary file into a JSON object, as one text. */
function isEnvelope([document]: readonly Mapping[]): boolean {
  const [data, more] = document ? entriesOf(document) : [];
  return data?.key === 'data' && data.value.kind === 'text' && more === undefined;
}

const KEY = 'sops';
const PREFIX = 'sops_';

/** Takes the metadata out of the documents. sops writes it into each document of a YAML file, and reads that of the first. */
function takeMetadata(documents: Mapping[], format: SopsFormat, at: (offset: number) => Position): Mapping | undefined {
  const [first] = documents;
  if (!first) return undefined;
  if (format === 'dotenv') {
    const isMeta = (entry: Mapping['entries'][number]): entry is Entry =>
      entry.kind === 'entry' && entry.key.startsWith(PREFIX);
    const entries = first.entries.filter(isMeta).map((entry) => ({ ...entry, key: entry.key.slice(PREFIX.length) }));
    first.entries = first.entries.filter((entry) => !isMeta(entry));
    return entries.length === 0 ? undefined : unflatten({ ...first, entries }, at);
  }
  const found = entriesOf(first).filter(({ key }) => key === KEY);
  const [meta] = found;
  if (!meta) return undefined;
  if (found.length > 1) throw InputError.at(at(found[1]?.offset ?? 0), 'the file has two entries of sops');
  if (meta.value.kind !== 'map') throw InputError.at(at(meta.offset), 'the entry of sops is not a mapping');
  for (const document of documents) {
    document.entries = document.entries.filter((entry) => entry.kind === 'comment' || entry.key !== KEY);
  }
  return format === 'ini' ? unflatten(withLines(meta.value), at) : meta.value;
}

/** INI has no lines in a text, so sops writes `\n` there. */
function withLines(flat: Mapping): Mapping {
  const entries = flat.entries.map((entry) =>
    entry.kind === 'entry' && entry.value.kind === 'text'
      ? { ...entry, value: { ...entry.value, text: entry.value.text.replaceAll('\\n', '\n') } }
      : entry,
  );
  return { ...flat, entries };
}
