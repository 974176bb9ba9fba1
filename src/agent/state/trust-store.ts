import type { Disk } from '../../lib/disk.ts';
import { messageOf, StateError } from '../../lib/errors.ts';
import type { Beacon } from '../../trust/beacon.ts';
import type { CountedDates } from '../../trust/verify/counted-dates.ts';
import { seal, unseal } from './state-file.ts';

/** The facts about trust that a site must not forget. */
export interface TrustState {
  /** By repo and revision: with another one the site begins from nothing. */
  positions: Record<string, FollowPosition>;
  /** The newest trust.yaml of Git that succeeded the site's own. */
  trust?: Successor | undefined;
}

/** The progress of a site at one repo and revision. */
export interface FollowPosition {
  /** Each commit to come must descend from it. */
  floor?: string;
  /** The digest of the trust.yaml by which the floor was verified; another one means that keys may have been revoked since. */
  verifiedBy?: string | undefined;
  /** A tag was followed, and it must stay a tag: nobody signs the name of a branch. */
  byTag?: boolean;
  beacon?: Beacon | undefined;
  /** The commit that brought the trust.yaml in force: only beacons count that name it or a later one. */
  beaconsFrom?: string;
  /** The dates that count for the children of the floor. */
  dates?: CountedDates;
}

/** A trust.yaml of Git, and the commit that brought it. */
export interface Successor {
  version: number;
  text: string;
  commit: string;
}

export interface TrustStore {
  /** A lost state is told in `problem`. Throws StateError for the file of a newer Holdfast. */
  load(): Promise<{ state: TrustState; problem?: string }>;
  /** All or nothing, and nothing when nothing changed. Throws StateError. */
  save(state: TrustState): Promise<void>;
}

const VERSION = 1;

export function createTrustStore(disk: Disk, path: string): TrustStore {
  let stored: string | undefined;
  return {
    async load() {
      const empty: TrustState = { positions: {} };
      let content: Uint8Array | undefined;
      try {
        content = await disk.read(path);
      } catch (error) {
        return { state: empty, problem: `${path} cannot be read: ${messageOf(error)}` };
      }
      if (!content) return { state: empty };
      const text = Buffer.from(content).toString('utf8');
      const state = parseTrustState(path, text);
      if (!state) return { state: empty, problem: `${path} is damaged` };
      stored = text;
      return { state };
    },
    async save(state) {
      const text = seal(VERSION, state);
      if (text === stored) return;
      try {
        await disk.write(path, text, 0o600);
      } catch (error) {
        throw new StateError(`The trust state cannot be written to ${path}: ${messageOf(error)}`, { cause: error });
      }
      stored = text;
    },
  };
}

/** undefined for anything that is not what `save` wrote. Throws StateError for the file of a newer Holdfast. */
export const parseTrustState = (path: string, text: string): TrustState | undefined =>
  unseal(path, text, VERSION) as TrustState | undefined;
