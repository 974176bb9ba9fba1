import type { GitObject } from '../objects/git-object.ts';
import type { RemoteRef } from '../refs.ts';

/** The storage of a clone: one reads it with isomorphic-git, one with the `git` program. All of it throws SourceError. */
export interface CloneStorage {
  /** The full names of all refs that begin with one of the prefixes, and the objects that they name. */
  refs(prefixes: readonly string[]): Promise<RemoteRef[]>;
  /** The full name of the branch that is checked out; undefined for a commit beside all branches. */
  branch(): Promise<string | undefined>;
  /** The commit that is checked out; undefined before the first one. */
  head(): Promise<string | undefined>;
  /** True if the clone has only the newest commits of its history. */
  isShallow(): Promise<boolean>;
  /** An object by its full ID; undefined where it is not here. */
  find(oid: string): Promise<GitObject | undefined>;
  /** The one object whose ID begins with these digits. */
  expand(digits: string): Promise<string | undefined>;
  /** Stores an annotated tag and points a ref at it. Returns its ID. */
  storeTag(content: Buffer, ref: string): Promise<string>;
  close(): void;
}
