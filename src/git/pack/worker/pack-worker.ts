import type { StoreLimits } from '../../store-limits.ts';
import { type IndexedPack, indexPack } from '../index-pack.ts';
import { type Kept, type Merged, mergePacks } from '../merge-packs.ts';
import type { PackFiles } from '../pack-files.ts';

/** Does the heavy work on packs: in this process, or in one of its own that gives its memory back. Throws SourceError, or an error of the disk. */
export interface PackWorker {
  index(
    files: PackFiles,
    names: { pack: string; index: string },
    limits: StoreLimits,
    signal: AbortSignal,
  ): Promise<IndexedPack>;
  merge(files: PackFiles, keep: Kept, limits: StoreLimits, signal: AbortSignal): Promise<Merged>;
}

export const ownWorker: PackWorker = {
  index: (files, names, limits) => indexPack(files, names, limits),
  merge: (files, keep, limits) => mergePacks(files, keep, limits),
};
