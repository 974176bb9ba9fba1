import { SourceError } from '../lib/errors.ts';
import type { ObjectType } from './objects/git-object.ts';

/** The most that a fetched commit may cost, even if a server means harm. In bytes, unless the line says otherwise. */
export interface StoreLimits {
  /** One pack as it is sent. */
  packBytes: number;
  /** All objects of one pack, unpacked. */
  unpackedBytes: number;
  /** The number of objects in a pack. */
  objects: number;
  /** The bytes of one object, unpacked, and of the changes that make it of another one. */
  objectBytes: number;
  /** The bytes of one commit or tag. */
  commitBytes: number;
  /** The bytes of one folder: about 35 a name. */
  treeBytes: number;
  /** All that is kept. */
  diskBytes: number;
  /** Files and folders of one commit that are read. */
  files: number;
  /** The files of one commit that are read; they are held in memory until it is accepted. */
  readBytes: number;
  /** Objects that are fetched again within a day because they were damaged on the disk. */
  healBytes: number;
  /** The number of packs: small ones slow every read down, and merging them wears flash out. */
  packs: number;
}

const MIB = 1024 * 1024;

export const DEFAULT_STORE_LIMITS: StoreLimits = {
  packBytes: 256 * MIB,
  unpackedBytes: 1024 * MIB,
  objects: 500_000,
  objectBytes: 32 * MIB,
  commitBytes: 1 * MIB,
  treeBytes: 4 * MIB,
  diskBytes: 512 * MIB,
  files: 100_000,
  readBytes: 128 * MIB,
  healBytes: 256 * MIB,
  packs: 50,
};

/** Limits at which a fetch ends. */
export type Reached = Exclude<keyof StoreLimits, 'packs'>;

const WHAT: Record<Reached, string> = {
  packBytes: 'it sends more than the %s bytes that one fetch may take',
  unpackedBytes: 'its pack unpacks to more than the %s bytes that one fetch may hold',
  objects: 'it sends more than the %s objects that one fetch may hold',
  files: 'more than the %s files and folders of one commit would have to be read',
  readBytes: 'the files that have to be read of one commit have more than the %s bytes that they may have',
  objectBytes: 'it sends a file or folder of more than the %s bytes that one may have',
  commitBytes: 'it sends a commit or tag of more than the %s bytes that one may have',
  treeBytes: 'it sends a folder whose names take more than the %s bytes that they may take',
  diskBytes: 'its objects do not fit into the %s bytes that may be kept on the disk',
  healBytes: 'damaged objects would be fetched again for more than the %s bytes that may be spent on that in a day',
};

/** The setting of each limit. */
const SETTING: Partial<Record<Reached, string>> = {
  packBytes: 'maxFetchBytes',
  unpackedBytes: 'maxUnpackedBytes',
  objects: 'maxObjects',
  objectBytes: 'maxFileBytes',
  files: 'maxFiles',
  readBytes: 'maxReadBytes',
  diskBytes: 'maxDiskBytes',
  healBytes: 'maxHealBytes',
};

/** The error of a limit that was reached; the config repo is `it`. */
export function overLimit<Limit extends Reached>(limit: Limit, limits: Pick<StoreLimits, Limit>): SourceError {
  const setting = SETTING[limit];
  const what = WHAT[limit].replace('%s', String(limits[limit]));
  return new SourceError('limit', `The config repo is not listened to: ${what}${setting ? ` (${setting})` : ''}`);
}

/** The limit of an object's size, by its type. */
export const limitOf = (type: ObjectType): 'commitBytes' | 'treeBytes' | 'objectBytes' =>
  type === 'tree' ? 'treeBytes' : type === 'blob' ? 'objectBytes' : 'commitBytes';

/** Throws SourceError. */
export function requireSize(type: ObjectType, bytes: number, limits: StoreLimits): void {
  const limit = limitOf(type);
  if (bytes > limits[limit]) throw overLimit(limit, limits);
}

export function damagedPack(detail: string, cause?: unknown): SourceError {
  return new SourceError(
    'protocol',
    `The pack that came is damaged: ${detail}`,
    cause === undefined ? undefined : { cause },
  );
}
