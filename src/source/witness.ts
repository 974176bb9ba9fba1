import { createHash } from 'node:crypto';
import type { Snapshot } from '../model/snapshot.ts';
import { recordSnapshot } from './recording.ts';

/** All that was read of a snapshot, as IDs of contents. The same answers of a snapshot have the same witness, which is then the same object. */
export interface Witness {
  readonly files: readonly (readonly [path: string, id: string | undefined])[];
  readonly lists: readonly (readonly [dir: string, entries: string])[];
}

/** Tells if what was read of one snapshot would be read of another one just so. */
export interface Witnesses {
  /** A snapshot that remembers what is read of it. */
  record(snapshot: Snapshot): { snapshot: Snapshot; witness(): Promise<Witness> };
  /** Looks only once for each witness and snapshot. Throws SourceError. */
  holds(witness: Witness, snapshot: Snapshot): Promise<boolean>;
  /** The same, where it was looked at already: undefined where it was not. */
  known(witness: Witness, snapshot: Snapshot): boolean | undefined;
}

export function createWitnesses(): Witnesses {
  const known = new Map<string, Witness>();
  const answers = new Map<Snapshot, Map<Witness, boolean>>();
  const keep = (witness: Witness, snapshot: Snapshot, answer: boolean): void => {
    const found = answers.get(snapshot) ?? new Map<Witness, boolean>();
    answers.set(snapshot, found.set(witness, answer));
  };
  return {
    record(snapshot) {
      const recorder = recordSnapshot(snapshot);
      return {
        snapshot: recorder.snapshot,
        async witness() {
          const { files, lists, missing } = recorder.recorded();
          const witness: Witness = {
            files: [
              ...(await Promise.all(
                Object.keys(files).map(async (path) => [path, await idOf(snapshot, path)] as const),
              )),
              ...missing.map((path) => [path, undefined] as const),
            ],
            lists: Object.entries(lists).map(([dir, entries]) => [dir, JSON.stringify(entries)] as const),
          };
          const text = JSON.stringify(witness);
          const same = known.get(text) ?? witness;
          known.set(text, same);
          keep(same, snapshot, true);
          return same;
        },
      };
    },
    async holds(witness, snapshot) {
      const known = answers.get(snapshot)?.get(witness);
      if (known !== undefined) return known;
      const found = await isSame(witness, snapshot);
      keep(witness, snapshot, found);
      return found;
    },
    known: (witness, snapshot) => answers.get(snapshot)?.get(witness),
  };
}

async function isSame({ files, lists }: Witness, snapshot: Snapshot): Promise<boolean> {
  for (const [dir, entries] of lists) if (JSON.stringify((await snapshot.list(dir)) ?? null) !== entries) return false;
  for (const [path, id] of files) if ((await idOf(snapshot, path)) !== id) return false;
  return true;
}

/** As Git names a file: by its content and its executable bit. */
export async function idOf(snapshot: Snapshot, path: string): Promise<string | undefined> {
  if (snapshot.identify) return snapshot.identify(path);
  const file = await snapshot.read(path);
  return file && blobId(file.content, file.executable);
}

/** The ID of a file in a repo of SHA-1, after an `x` if it is executable. */
export const blobId = (content: Uint8Array, isExecutable: boolean): string =>
  `${isExecutable ? 'x' : ''}${createHash('sha1').update(`blob ${content.byteLength}\0`).update(content).digest('hex')}`;
