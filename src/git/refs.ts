import { SourceError } from '../lib/errors.ts';

/** One ref of a remote as the server lists it. */
export interface RemoteRef {
  name: string;
  /** The object that the ref names: a commit, or an annotated tag. */
  oid: string;
  /** The commit of an annotated tag. */
  peeled?: string | undefined;
}

export const isCommitId = (text: string): boolean => /^[0-9a-f]{40}$/.test(text);

/** Source: git-check-ref-format(1). */
export const mayBeRefName = (text: string): boolean =>
  text !== '' && !/[\p{Cc} ~^:?*[\\]|\.\.|\/\/|@\{|^[/.-]|[/.]$|\/\.|\.lock(\/|$)/u.test(text);

/** The full name of a ref, as a remote lists it. */
export const isRefName = (text: string): boolean =>
  text === 'HEAD' || (text.startsWith('refs/') && text.length <= 1024 && mayBeRefName(text));

/** Only SHA-1 repos can be read. Anything else in an ID's place is not Git. */
export function requireObjectId(text: string | undefined): string {
  if (text !== undefined && isCommitId(text)) return text;
  if (text !== undefined && /^[0-9a-f]{64}$/.test(text)) {
    throw new SourceError('protocol', 'The Git repo uses SHA-256 object names, which Holdfast cannot read yet');
  }
  throw new SourceError('protocol', 'The Git server lists something that is no object name');
}
