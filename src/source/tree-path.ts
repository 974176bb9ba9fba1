import { SourceError } from '../lib/errors.ts';

/** The parts of a path below a snapshot's root; none for the root itself. Throws SourceError for a path that could lead out of it. */
export function segments(path: string): string[] {
  if (path === '') return [];
  if (Buffer.byteLength(path) > LONGEST_PATH)
    throw new SourceError('path', `A path in the config repo is longer than ${LONGEST_PATH} bytes`);
  const parts = path.split('/');
  for (const part of parts) {
    const fault = nameFault(part);
    if (fault) throw new SourceError('path', `${JSON.stringify(path)} is not a path inside the config repo: ${fault}`);
  }
  return parts;
}

/** Why a name cannot be one entry of a folder, in words; undefined when it can. Git itself refuses to check such names out. */
export function nameFault(name: string): string | undefined {
  if (name === '') return 'a name in it is empty';
  if (name === '.' || name === '..') return `it contains \`${name}\``;
  if (name.includes('/') || name.includes('\0')) return 'a name in it contains a slash or a NUL';
  if (Buffer.byteLength(name) > LONGEST_NAME) return `a name in it is longer than ${LONGEST_NAME} bytes`;
  // Where a backslash parts folders, each part is a name.
  const parts = name.split('\\');
  if (parts.length > 1 && parts.some((part) => part === '..' || part === '.')) return 'it leads out with a backslash';
  if (parts.some(isGitFolder)) return `it is read as \`.git\` by some file systems`;
  return undefined;
}

/** What Linux can store, and open. */
const LONGEST_NAME = 255;
const LONGEST_PATH = 4095;

/**
 * Whether some file system takes the name for Git's own folder: those that fold case, leave out characters that cannot be seen (HFS+), drop dots
 * and spaces at the end, name streams behind a colon, or shorten names (NTFS). Source: git's `is_hfs_dotgit` and `is_ntfs_dotgit`.
 */
function isGitFolder(name: string): boolean {
  const plain = name.replace(/[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]/g, '').normalize('NFKC');
  return /^(\.git|git~1)[. ]*(:.*)?$/i.test(plain);
}

/** `--path` as people write it (`./edge/`, `edge`, ``) as a path below the root. */
export function normalizeFolder(path: string | undefined): string {
  const parts = (path ?? '').split('/').filter((part) => part !== '' && part !== '.');
  if (path?.startsWith('/'))
    throw new SourceError('path', `The path ${path} must be relative to the config repo's root`);
  return segments(parts.join('/')).join('/');
}

/** Links and submodules are never followed: what they lead to is not under the commit that was accepted. */
export function linkError(path: string, kind: 'symlink' | 'submodule'): SourceError {
  const what = kind === 'symlink' ? 'a symbolic link' : 'a submodule';
  return new SourceError(
    'path',
    `${path} is ${what}; Holdfast does not follow ${kind}s in a config repo. Put the files themselves there`,
  );
}

/** By code unit, as Git and `list` promise it; independent of the locale. */
export const byName = (a: { name: string }, b: { name: string }): number =>
  a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
