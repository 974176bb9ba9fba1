import { createHash } from 'node:crypto';
import { InputError, type Position } from '../lib/errors.ts';

/** A filter of Git by which a work tree has something else than Git. */
interface Filter {
  /** The content that Git has of a file, as far as it tells one. */
  inGit(content: Uint8Array): Uint8Array;
  isOf(inGit: Uint8Array): boolean;
  message: string;
  hint: string;
}

/** Git LFS never makes a longer pointer. Source: git-lfs, docs/spec.md. */
const MAX_POINTER = 1024;
const FIRST_LINE = /^version https:\/\/(git-lfs|hawser)\.github\.com\/spec\/v\d+\r?\n/;
/** The first bytes of each file that git-crypt encrypted. Source: git-crypt, commands.cpp. */
const ENCRYPTED = Buffer.from('\0GITCRYPT\0');

const FILTERS: ReadonlyMap<string, Filter> = new Map([
  [
    'lfs',
    {
      inGit: (content) => {
        const digest = createHash('sha256').update(content).digest('hex');
        const { byteLength } = content;
        return Buffer.from(`version https://git-lfs.github.com/spec/v1\noid sha256:${digest}\nsize ${byteLength}\n`);
      },
      isOf: (inGit) => inGit.byteLength < MAX_POINTER && FIRST_LINE.test(Buffer.from(inGit).toString('latin1')),
      message: 'is kept by Git LFS, and a site gets no more of it than its pointer',
      hint: 'commit the file itself (git lfs untrack, then git add --renormalize), or lay it on each site and write its absolute path',
    },
  ],
  [
    'git-crypt',
    {
      inGit: () => ENCRYPTED,
      isOf: (inGit) => ENCRYPTED.equals(inGit.subarray(0, ENCRYPTED.length)),
      message: 'is encrypted by git-crypt, and a site has no key of it',
      hint: 'lay it on each site and write its absolute path, or give its values in the file of --values',
    },
  ],
]);

/** The filters that are known here. */
export const FILTER_NAMES: readonly string[] = [...FILTERS.keys()];

/** The content that Git has of a file whose attribute `filter` names a filter; the file's own content where that filter is not known here. */
export const asInGit = (content: Uint8Array, filter: string | undefined): Uint8Array =>
  FILTERS.get(filter ?? '')?.inGit(content) ?? content;

/** Throws InputError at `at` where a file of Git is not the file itself but what a filter keeps in its place. */
export function refuseFiltered(content: Uint8Array, path: string, at: Position): void {
  const filter = [...FILTERS.values()].find(({ isOf }) => isOf(content));
  if (filter) throw InputError.at(at, `${path} ${filter.message}`, filter.hint);
}
