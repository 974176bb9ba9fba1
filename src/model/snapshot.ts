/** Where a snapshot comes from, for messages and for naming a bare compose file's app. */
export interface Origin {
  /** For people; never holds credentials. */
  description: string;
  /** Candidate for the app's name of a bare compose file: `--path`'s folder, else the repo, else the folder. */
  name: string;
}

/** One entry of a folder. Links are listed as what they are and are never followed. */
export interface Entry {
  name: string;
  kind: 'file' | 'dir' | 'symlink' | 'submodule';
}

/** The content of a file and whether it may be executed. */
export interface SourceFile {
  content: Uint8Array;
  executable: boolean;
}

/**
 * A commit (or a work tree) and its files. Paths are relative to the config repo's root (`--path`), use `/`, and never contain
 * `.` or `..`. While a snapshot is gathered, reading may fetch; once accepted, everything the site needs is on its disk.
 */
export interface Snapshot {
  origin: Origin;
  /** A commit ID; `worktree` for a folder. */
  revision: string;
  /** undefined where there is no such file. Throws SourceError. */
  read(path: string): Promise<SourceFile | undefined>;
  /** Sorted by name; undefined where there is no such folder. Throws SourceError. */
  list(dir: string): Promise<Entry[] | undefined>;
  /** Told that much of these folders will be read; a source that fetches piece by piece gets them at once. Throws SourceError. */
  prepare?(folders: readonly string[]): Promise<void>;
}
