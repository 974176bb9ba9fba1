import { createHash } from 'node:crypto';
import type { Disk } from '../../lib/disk.ts';
import { messageOf, StateError } from '../../lib/errors.ts';
import type { Beacon } from '../../trust/beacon.ts';
import type { CountedDates } from '../../trust/verify/counted-dates.ts';

/** What a site must not forget of whom and what it believed. */
export interface TrustState {
  /** By repo and revision: another one is another place, which begins anew. */
  places: Record<string, Place>;
  /** The newest trust.yaml that was taken over from Git. */
  trust?: { version: number; text: string; commit: string };
}

export interface Place {
  /** Everything to come must descend from it. */
  floor?: string;
  /** The digest of what it was judged by; another one means that keys may have been revoked since. */
  verifiedBy?: string;
  /** What was followed was a tag, and must stay one: a branch of its name says nothing of who named it. */
  byTag?: boolean;
  beacon?: Beacon | undefined;
  /** The commit that brought the trust.yaml in force: only beacons count that name it or one after it. */
  beaconsFrom?: string;
  /** The dates that count on top of the floor. */
  dates?: CountedDates;
}

export interface TrustStore {
  /** Never throws; what is lost is told in `problem`. */
  load(): Promise<{ state: TrustState; problem?: string }>;
  /** All or nothing, and nothing when nothing changed. Throws StateError. */
  save(state: TrustState): Promise<void>;
}

const FORMAT = 1;

export function createTrustStore(disk: Disk, path: string): TrustStore {
  let stored: string | undefined;
  return {
    async load() {
      const empty: TrustState = { places: {} };
      let content: Uint8Array | undefined;
      try {
        content = await disk.read(path);
      } catch (error) {
        return { state: empty, problem: `${path} cannot be read: ${messageOf(error)}` };
      }
      if (!content) return { state: empty };
      const text = Buffer.from(content).toString('utf8');
      const state = parseTrustState(text);
      if (!state) return { state: empty, problem: `${path} is damaged` };
      stored = text;
      return { state };
    },
    async save(state) {
      const body = JSON.stringify(state);
      const text = `${JSON.stringify({ format: FORMAT, checksum: sha256(body), state })}\n`;
      if (text === stored) return;
      try {
        await disk.write(path, text, 0o600);
      } catch (error) {
        throw new StateError(`What was accepted cannot be written to ${path}: ${messageOf(error)}`, { cause: error });
      }
      stored = text;
    },
  };
}

/** undefined for anything that is not what `save` wrote, to the last bit. */
export function parseTrustState(text: string): TrustState | undefined {
  try {
    const value = JSON.parse(text) as { format?: unknown; checksum?: unknown; state?: TrustState } | null;
    const isWhole = value?.format === FORMAT && value.checksum === sha256(JSON.stringify(value.state));
    return isWhole ? value.state : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
