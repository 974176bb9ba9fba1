import { SourceError } from '../lib/errors.ts';

/** What a fetched pack may cost, whatever a server makes of it. Bytes, if not said otherwise. */
export interface StoreLimits {
  /** Of one pack as it is sent. */
  packBytes: number;
  /** Of all objects of one pack, unpacked. */
  unpackedBytes: number;
  /** How many objects a pack may hold. */
  objects: number;
  /** Of one object, unpacked. */
  objectBytes: number;
  /** Of all that is kept. */
  diskBytes: number;
  /** Of what is fetched again within a day because it was damaged on the disk. */
  healBytes: number;
  /** How many packs may lie beside each other: small ones slow every read down, and merging them wears flash out. */
  packs: number;
}

const MIB = 1024 * 1024;

export const DEFAULT_STORE_LIMITS: StoreLimits = {
  packBytes: 256 * MIB,
  unpackedBytes: 1024 * MIB,
  objects: 500_000,
  objectBytes: 64 * MIB,
  diskBytes: 512 * MIB,
  healBytes: 256 * MIB,
  packs: 50,
};

/** Limits at which a fetch ends. */
type Reached = Exclude<keyof StoreLimits, 'packs'>;

const WHAT: Record<Reached, string> = {
  packBytes: 'it sends more than the %s bytes that one fetch may take',
  unpackedBytes: 'what it sends unpacks to more than the %s bytes that one fetch may hold',
  objects: 'it sends more than the %s objects that one fetch may hold',
  objectBytes: 'it sends a file or folder of more than the %s bytes that one may have',
  diskBytes: 'what it sends does not fit into the %s bytes that may be kept on the disk',
  healBytes:
    'what was damaged on the disk would be fetched again for more than the %s bytes that are spent on that in a day',
};

/** The error of a limit that was reached; the Git server is `it`. */
export function overLimit(limit: Reached, limits: StoreLimits): SourceError {
  return new SourceError(
    'limit',
    `The Git server is not listened to: ${WHAT[limit].replace('%s', String(limits[limit]))}`,
  );
}

export function damagedPack(detail: string, cause?: unknown): SourceError {
  return new SourceError(
    'protocol',
    `The pack that the Git server sent is damaged: ${detail}. It will be fetched again`,
    cause === undefined ? undefined : { cause },
  );
}
