import type { CommitObject } from './objects/history.ts';
import type { RemoteRef } from './refs.ts';

export interface Wanted {
  /** The object to ask the server for, to get it. */
  want: string;
  /** It is read beside what is followed. */
  pinned: boolean;
}

/**
 * Where the objects of a repo come from when they are not in the store: a Git server, or bundles of them. Fetched objects are in the store
 * afterwards. All of it throws SourceError.
 */
export interface Upstream {
  /** The refs whose names begin with one of the prefixes, and perhaps others, with annotated tags peeled. */
  refs(prefixes: readonly string[], signal: AbortSignal): Promise<RemoteRef[]>;
  /** Brings a commit in, with as much of its tree as comes cheaply. */
  commit(commit: string, how: Wanted, signal: AbortSignal): Promise<void>;
  /** Brings objects of a commit in. `open`: folders come with the small files below them, and all others alone. */
  objects(oids: readonly string[], of: string, signal: AbortSignal, open?: boolean): Promise<void>;
  history(tip: string, known: readonly string[], signal: AbortSignal, most?: number): Promise<CommitObject[]>;
  object(oid: string, type: 'commit' | 'tag', signal: AbortSignal): Promise<Uint8Array>;
  close(): void;
}
