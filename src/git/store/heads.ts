import { createHash } from 'node:crypto';
import { type PackFiles, readWhole, replaceFile } from '../pack/pack-files.ts';
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
/** The newest, and the one before it in case that the newest is refused; what is pinned comes on top. */
const MOST = 2;

/** Newest first. Without the file, or with a damaged one, none: more is fetched than would be needed, and nothing else is lost. */
export function readHeads(files: PackFiles): Head[] {
  const text = readWhole(files, NAME)?.toString('utf8') ?? '';
  const end = text.lastIndexOf('\n', text.length - 2) + 1;
  if (text.slice(end) !== `${checksum(text.slice(0, end))}\n`) return [];
  return text
    .slice(0, end)
    .split('\n')
    .flatMap((line) => {
      const [oid = '', kind, role] = line.split(' ');
      return isCommitId(oid) ? { oid, whole: kind === 'whole', ...(role === 'pinned' && { pinned: true }) } : [];
    });
}

/** The heads with one more, the newest of its kind. */
export function withHead(heads: readonly Head[], head: Head): Head[] {
  const others = heads.filter(({ oid }) => oid !== head.oid);
  const followed = others.filter(({ pinned }) => !pinned);
  if (head.pinned) return [...followed, head];
  return [...[head, ...followed].slice(0, MOST), ...others.filter(({ pinned }) => pinned)];
}

/** Writes nothing when they are as they were. */
export function writeHeads(files: PackFiles, heads: readonly Head[]): void {
  const body = heads
    .map(({ oid, whole, pinned }) => `${oid} ${whole ? 'whole' : 'part'}${pinned ? ' pinned' : ''}\n`)
    .join('');
  const content = Buffer.from(`${body}${checksum(body)}\n`);
  if (readWhole(files, NAME)?.equals(content)) return;
  replaceFile(files, NAME, content);
}

const checksum = (text: string): string => createHash('sha256').update(text).digest('hex');
