import type { Origin, Snapshot } from '../model/snapshot.ts';

/** A snapshot whose files lie in a throw-away store. After `dispose` nothing can be read of it. */
export interface FetchedSnapshot extends Snapshot {
  dispose(): Promise<void>;
}

/** A place that desired state comes from, as the agent's loop sees it. All of it throws SourceError. */
export interface Source {
  origin: Origin;
  /** Worth a log line once, at the start. Free of secrets. */
  warnings: string[];
  /** The commit that the revision names now. One small request. */
  poll(signal: AbortSignal): Promise<string>;
  /** That commit's files. Nothing is remembered between fetches; what is kept of a snapshot is the caller's to store. */
  fetch(commit: string, signal: AbortSignal): Promise<FetchedSnapshot>;
  close(): void;
}
