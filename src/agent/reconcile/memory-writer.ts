import { messageOf } from '../../lib/errors.ts';

/** Writes what an agent remembers, one save after the other. A full disk keeps no agent from healing: it learns again what it could not store. */
export interface MemoryWriter {
  /** Saves the memory as it is when its turn comes. Never rejects. */
  save(): Promise<void>;
  /** Ends after the save that runs. Later calls save nothing: the state directory may belong to another agent by then. */
  close(): Promise<void>;
}

/** `tell` gets the trouble with the disk; empty when there is none. */
export function createMemoryWriter<Remembered>(
  store: { save(memory: Remembered): Promise<void> },
  memory: () => Remembered,
  tell: (trouble: string) => void,
): MemoryWriter {
  let isClosed = false;
  let last = Promise.resolve();
  return {
    save() {
      if (isClosed) return last;
      last = last
        .then(() => store.save(memory()))
        .then(
          () => tell(''),
          (error) => tell(`cannot write the state directory: ${messageOf(error)}`),
        );
      return last;
    },
    close() {
      isClosed = true;
      return last;
    },
  };
}
