import type { Disk } from '../../lib/disk.ts';
import { messageOf } from '../../lib/errors.ts';
import type { HistoryEntry } from '../../model/status/history.ts';
import { seal, unseal } from '../state/state-file.ts';

/** The history of a site as it is on the disk. */
export interface StoredHistory {
  entries: HistoryEntry[];
  /** The text of the last accepted commit, so that a restart does not tell it again. */
  accepted: string;
  /** The text of the refusal that holds; empty: none does. */
  refused: string;
  /** The state of each app that was told last. */
  states: [app: string, state: string][];
}

export interface HistoryStore {
  /** A file that is damaged or cannot be read is told in `problem`. Throws StateError for the file of a newer Holdfast. */
  load(): Promise<{ stored: StoredHistory; problem?: string }>;
  /** Throws what the disk throws. */
  save(history: StoredHistory): Promise<void>;
}

const VERSION = 1;

export const emptyHistory = (): StoredHistory => ({ entries: [], accepted: '', refused: '', states: [] });

export function createHistoryStore(disk: Disk, path: string): HistoryStore {
  return {
    async load() {
      let content: Uint8Array | undefined;
      try {
        content = await disk.read(path);
      } catch (error) {
        return { stored: emptyHistory(), problem: `${path} cannot be read: ${messageOf(error)}` };
      }
      if (!content) return { stored: emptyHistory() };
      const stored = unseal(path, Buffer.from(content).toString('utf8'), VERSION) as StoredHistory | undefined;
      if (stored) return { stored };
      return { stored: emptyHistory(), problem: `${path} is damaged: the history of this site begins again` };
    },
    save: (history) => disk.write(path, seal(VERSION, history), 0o600),
  };
}
