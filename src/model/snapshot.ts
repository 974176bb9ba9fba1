import type { Position } from '../lib/errors.ts';

/** The origin of a snapshot, for messages and for the app's name of a lone Compose file. */
export interface Origin {
  /** A text for people, without credentials. */
  description: string;
  /** The app's name of a lone Compose file: the folder of `--path`, otherwise the repo, otherwise the folder. */
  name: string;
}

/** One entry of a folder. A link is listed as a link and is never followed. */
export interface Entry {
  name: string;
  kind: 'file' | 'dir' | 'symlink' | 'submodule';
}

/** The content of a file, and its executable bit. */
export interface SourceFile {
  content: Uint8Array;
  executable: boolean;
}

/**
 * A commit (or a work tree) and its files. Paths are relative to the config repo's root (`--path`), use `/`, and never contain
 * `.` or `..`. Reading may fetch while a snapshot is gathered. Once it is accepted, everything that the site needs is on its disk.
 */
export interface Snapshot {
  origin: Origin;
  /** A commit ID; `worktree` for a folder. */
  revision: string;
  /** undefined when there is no such file. Throws SourceError. */
  read(path: string): Promise<SourceFile | undefined>;
  /**
   * The ID of a file's content and its executable bit, as Git names them: the same text is the same file. undefined when there is no such file. Absent: only
   * reading tells. Throws SourceError.
   */
  identify?(path: string): Promise<string | undefined>;
  /** The entries, sorted by name; undefined when there is no such folder. Throws SourceError. */
  list(dir: string): Promise<Entry[] | undefined>;
  /** Announces that much of these folders will be read, so that a source can fetch them in one request. Throws SourceError. */
  prepare?(folders: readonly string[]): Promise<void>;
}

/** A file of Git that SOPS encrypted. */
export interface EncryptedFile {
  /** In the repo. */
  path: string;
  /** The place that names it. */
  at: Position;
  /** The public keys of each of its key groups. */
  groups: string[][];
  /** The number of groups that are needed to decrypt it. */
  threshold: number;
  /** The app's recipient group. */
  group?: string | undefined;
}
