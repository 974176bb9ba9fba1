import type { Disk } from '../../lib/disk.ts';
import { messageOf } from '../../lib/errors.ts';
import { seal, unseal } from '../state/state-file.ts';

/** The last time that a site could trust, and why it could. */
export interface TrustedTime {
  /** Milliseconds since 1970. */
  wall: number;
  basis: 'https' | 'beacon' | 'file';
  /** The run of the machine's kernel, and its milliseconds at that moment: in the same run, time goes on from there. */
  boot?: { id: string; uptime: number };
}

export interface TimeStore {
  /** A file that is lost or damaged is told in `problem`; the site then waits for the next evidence. Throws StateError for the file of a newer Holdfast. */
  load(): Promise<{ stored?: TrustedTime; problem?: string }>;
  /** Throws what the disk throws. */
  save(time: TrustedTime): Promise<void>;
}

const VERSION = 1;

export function createTimeStore(disk: Disk, path: string): TimeStore {
  return {
    async load() {
      let content: Uint8Array | undefined;
      try {
        content = await disk.read(path);
      } catch (error) {
        return { problem: `${path} cannot be read: ${messageOf(error)}` };
      }
      if (!content) return {};
      const stored = parseTrustedTime(path, Buffer.from(content).toString('utf8'));
      return stored ? { stored } : { problem: `${path} is damaged: the last time that was trusted is lost` };
    },
    save: (time) => disk.write(path, seal(VERSION, time), 0o600),
  };
}

/** undefined for anything that is not what `save` wrote. Throws StateError for the file of a newer Holdfast. */
export const parseTrustedTime = (path: string, text: string): TrustedTime | undefined =>
  unseal(path, text, VERSION) as TrustedTime | undefined;
