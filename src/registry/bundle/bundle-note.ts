import { readLines, writeLines } from '../../git/pack/lines-file.ts';
import type { PackFiles } from '../../git/pack/pack-files.ts';
import { isCommitId, isRefName, type RemoteRef } from '../../git/refs.ts';

/** The bundles of a shelf that were taken in, so that they need not be again. */
export interface BundleNote {
  /** Absent until all of a state was taken in. */
  version?: string;
  /** Digests of the layers that are here. */
  layers: string[];
  /** The refs of the last layer of that version. */
  refs: RemoteRef[];
}

const NAME = 'bundles';
const VERSION = 1;

export function readNote(files: PackFiles): BundleNote {
  const note: BundleNote = { layers: [], refs: [] };
  for (const line of readLines(files, NAME, VERSION)) {
    const [kind, ...words] = line.split(' ');
    const [first = '', second = '', peeled] = words;
    if (kind === 'version') note.version = words.join(' ');
    else if (kind === 'layer') note.layers.push(words.join(' '));
    else if (kind === 'ref' && isCommitId(first) && isRefName(second))
      note.refs.push({ oid: first, name: second, peeled });
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
  writeLines(files, NAME, VERSION, lines);
}
