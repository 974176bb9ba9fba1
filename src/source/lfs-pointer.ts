import { createHash } from 'node:crypto';
import { InputError, type Position } from '../lib/errors.ts';

/** Git LFS never makes a longer one. Source: git-lfs, docs/spec.md. */
const MAX_POINTER = 1024;
const FIRST_LINE = /^version https:\/\/(git-lfs|hawser)\.github\.com\/spec\/v\d+\r?\n/;

/** What Git holds of a file that Git LFS keeps. */
export const lfsPointer = (content: Uint8Array): Uint8Array =>
  new TextEncoder().encode(
    `version https://git-lfs.github.com/spec/v1\noid sha256:${createHash('sha256').update(content).digest('hex')}\nsize ${content.byteLength}\n`,
  );

/** Throws InputError at `at` where the content is a pointer of Git LFS: a site has nothing else of the file. */
export function refuseLfsPointer(content: Uint8Array, path: string, at: Position): void {
  if (content.byteLength >= MAX_POINTER || !FIRST_LINE.test(Buffer.from(content).toString('latin1'))) return;
  throw InputError.at(
    at,
    `${path} is kept by Git LFS, and a site gets no more of it than its pointer`,
    `commit the file itself (git lfs untrack, then git add --renormalize), or lay it on each site and write its absolute path`,
  );
}
