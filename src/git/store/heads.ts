import { readLines, writeLines } from '../pack/lines-file.ts';
import type { PackFiles } from '../pack/pack-files.ts';
import { isCommitId } from '../refs.ts';

/** A commit that was fetched: what a server need not send again, and what a merge keeps. */
export interface Head {
  oid: string;
  /** All that it has is here, and not only what was asked for. */
  whole: boolean;
  /** It is read beside what is followed, and stays until another is. */
  pinned?: boolean;
}

const NAME = 'heads';
const VERSION = 1;
/** The newest, and the one before it in case that the newest is refused; what is pinned comes on top. */
const MOST = 2;

/** Newest first. */
export const readHeads = (files: PackFiles): Head[] =>
  readLines(files, NAME, VERSION).flatMap((line) => {
    const [oid = '', kind, role] = line.split(' ');
    return isCommitId(oid) ? { oid, whole: kind === 'whole', ...(role === 'pinned' && { pinned: true }) } : [];
  });

/** The heads with one more, the newest of its kind. */
export function withHead(heads: readonly Head[], head: Head): Head[] {
  const others = heads.filter(({ oid }) => oid !== head.oid);
  const followed = others.filter(({ pinned }) => !pinned);
  if (head.pinned) return [...followed, head];
  return [...[head, ...followed].slice(0, MOST), ...others.filter(({ pinned }) => pinned)];
}

/** Writes nothing when they are as they were. */
export const writeHeads = (files: PackFiles, heads: readonly Head[]): void =>
  writeLines(
    files,
    NAME,
    VERSION,
    heads.map(({ oid, whole, pinned }) => `${oid} ${whole ? 'whole' : 'part'}${pinned ? ' pinned' : ''}`),
  );
