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

/** The longest name that Linux stores. */
const LONGEST_NAME = 255;

/**
 * True if some file system takes the name for Git's own folder: those that fold case, leave out characters that cannot be seen (HFS+), drop dots
 * and spaces at the end, name streams behind a colon, or shorten names (NTFS). Source: git's `is_hfs_dotgit` and `is_ntfs_dotgit`.
 */
function isGitFolder(name: string): boolean {
  const plain = name.replace(/[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]/g, '').normalize('NFKC');
  return /^(\.git|git~1)[. ]*(:.*)?$/i.test(plain);
}
