import { createHash } from 'node:crypto';
import { type PackFiles, readWhole, replaceFile } from '../../git/pack/pack-files.ts';
import { isCommitId, isRefName, type RemoteRef } from '../../git/refs.ts';

/** What was taken in of a shelf of bundles, so that it need not be again. */
export interface BundleNote {
  /** Absent until all of a state was taken in. */
  version?: string;
  /** Digests of the layers that are here. */
  layers: string[];
  /** What the last layer of that version names. */
  refs: RemoteRef[];
}

const NAME = 'bundles';

/** Without the file, or with a damaged one, nothing is known: everything is taken in once more, and nothing else is lost. */
export function readNote(files: PackFiles): BundleNote {
  const text = readWhole(files, NAME)?.toString('utf8') ?? '';
  const end = text.lastIndexOf('\n', text.length - 2) + 1;
  const body = text.slice(0, end);
  const note: BundleNote = { layers: [], refs: [] };
  if (text.slice(end) !== `${checksum(body)}\n`) return note;
  for (const line of body.split('\n')) {
    const [kind, ...words] = line.split(' ');
    const [first = '', second = '', peeled] = words;
    if (kind === 'version') note.version = words.join(' ');
    else if (kind === 'layer') note.layers.push(words.join(' '));
    else if (kind === 'ref' && isCommitId(first) && isRefName(second))
      note.refs.push({ oid: first, name: second, ...(peeled !== undefined && { peeled }) });
  }
  return note;
}

/** Writes nothing when it is as it was. */
export function writeNote(files: PackFiles, { version, layers, refs }: BundleNote): void {
  const lines = [
    ...(version === undefined ? [] : [`version ${version}`]),
    ...layers.map((layer) => `layer ${layer}`),
    ...refs.map(({ oid, name, peeled }) => `ref ${oid} ${name}${peeled === undefined ? '' : ` ${peeled}`}`),
  ];
  const body = lines.map((line) => `${line}\n`).join('');
  const content = Buffer.from(`${body}${checksum(body)}\n`);
  if (readWhole(files, NAME)?.equals(content)) return;
  replaceFile(files, NAME, content);
}

const checksum = (text: string): string => createHash('sha256').update(text).digest('hex');
