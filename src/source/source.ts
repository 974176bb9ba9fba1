import type { CommitObject } from '../git/objects/history.ts';
import type { Origin, Snapshot } from '../model/snapshot.ts';

/** A snapshot whose files lie in a store that others use too. After `dispose` nothing can be read of it. */
export interface FetchedSnapshot extends Snapshot {
  /**
   * What Git holds in a folder, by name: `KIND ID`, so that equal texts are equal contents. The path is from the repo's root, wherever the
   * config repo begins. undefined where there is no such folder.
   */
  ids(dir: string): Promise<ReadonlyMap<string, string> | undefined>;
  dispose(): Promise<void>;
}

/** What a revision names now. */
export interface Named {
  commit: string;
  /** The annotated tag by which it is named, where it is by one. */
  tag?: string;
  /** The full name of the ref by which it is named; absent for a commit that is named by its ID. */
  ref?: string;
}

export interface Polled extends Named {
  /** What the ref that the source was asked to look at besides names now; absent where there is none. */
  beside?: string;
  /** What the pin that was asked for names now, or why it names nothing. */
  pinned?: Named | { missing: string };
}

/** A place that desired state comes from, as the agent's loop sees it. All of it throws SourceError. */
export interface Source {
  origin: Origin;
  /** Worth a log line once, at the start. Free of secrets. */
  warnings: string[];
  /** The commit that the revision names now, and, in the same small request, what another revision does: a Site's pin. */
  poll(signal: AbortSignal, pin?: string): Promise<Polled>;
  /** That commit's files. What is kept of a snapshot is the caller's to store. `pinned`: it is read beside what is followed, and so from poll to poll. */
  fetch(commit: string, signal: AbortSignal, pinned?: boolean): Promise<FetchedSnapshot>;
  /**
   * Every commit that `tip` descends from, itself included, and none of `known` does; children before their parents. Neither folders nor files
   * are fetched for it where the server can leave them out. Throws SourceError `limit` for more commits than a source may be asked for,
   * or where a server would send more than `most` bytes for them.
   */
  history(tip: string, known: readonly string[], signal: AbortSignal, most?: number): Promise<CommitObject[]>;
  /** The raw content of a commit or a tag, proven by its name. */
  object(oid: string, type: 'commit' | 'tag', signal: AbortSignal): Promise<Uint8Array>;
  close(): void;
}
