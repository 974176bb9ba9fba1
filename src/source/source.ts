import type { CommitObject } from '../git/objects/history.ts';
import type { Origin, Snapshot } from '../model/snapshot.ts';

/** A snapshot whose files lie in a store that others use too. After `dispose` nothing can be read of it. */
export interface FetchedSnapshot extends Snapshot {
  /**
   * The entries of a folder in Git, by name: `KIND ID`, so that equal texts are equal contents. The path is from the repo's root, wherever the
   * config repo begins. undefined where there is no such folder.
   */
  ids(dir: string): Promise<ReadonlyMap<string, string> | undefined>;
  dispose(): Promise<void>;
}

/** The commit that a revision names now. */
export interface Named {
  commit: string;
  /** The annotated tag by which it is named, where it is by one. */
  tag?: string | undefined;
  /** The full name of the ref by which it is named; absent for a commit that is named by its ID. */
  ref?: string | undefined;
}

export interface Polled extends Named {
  /** The object of the second ref that the source looks at; absent where there is none. */
  beside?: string | undefined;
  /** The refs below the prefix that the source looks at, by their names without it. Absent: it looks at none. */
  below?: ReadonlyMap<string, string> | undefined;
  /** The commit that the requested pin names now, or the reason why it names none. */
  pinned?: Named | { missing: string } | undefined;
}

/** A place that desired state comes from, as the agent's loop sees it. All of it throws SourceError. */
export interface Source {
  origin: Origin;
  /** Worth a log line once, at the start. Free of secrets. */
  warnings: string[];
  /** The commit that the revision names now, and, in the same small request, what another revision does: a Site's pin. */
  poll(signal: AbortSignal, pin?: string): Promise<Polled>;
  /** That commit's files. The caller stores the parts of a snapshot that it keeps. `pinned`: it is read beside what is followed, and so from poll to poll. */
  fetch(commit: string, signal: AbortSignal, pinned?: boolean): Promise<FetchedSnapshot>;
  /**
   * Every commit that `tip` descends from, itself included, and that no commit of `known` descends from; children before their parents. Neither folders nor files
   * are fetched for it where the server can leave them out. Throws SourceError `limit` for more commits than a source may be asked for,
   * or where a server would send more than `most` bytes for them.
   */
  history(tip: string, known: readonly string[], signal: AbortSignal, most?: number): Promise<CommitObject[]>;
  /** The raw content of a commit or a tag, proven by its name. */
  object(oid: string, type: 'commit' | 'tag', signal: AbortSignal): Promise<Uint8Array>;
  close(): void;
}
