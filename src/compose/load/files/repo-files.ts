import { posix } from 'node:path';
import { DEFAULT_STORE_LIMITS } from '../../../git/store-limits.ts';
import { InputError, type Position, SourceError } from '../../../lib/errors.ts';
import { APP_FILE_LIMITS, inWords } from '../../../lib/limits.ts';
import { utf8 } from '../../../lib/text/utf8.ts';
import type { Entry, Snapshot, SourceFile } from '../../../model/snapshot.ts';
import { refuseFiltered } from '../../../source/git-filters.ts';

/**
 * The files of the config repo as an app reads them. Paths are relative to the snapshot's root and never leave it; links are not followed.
 * Every method throws InputError at `at`, the position that names the path.
 */
export class RepoFiles {
  private readonly snapshot: Snapshot;
  private readonly maxFileBytes: number;
  /** The bytes of all texts so far. */
  private textBytes = 0;
  private readonly lists = new Map<string, Promise<Entry[] | undefined>>();

  /** `maxFileBytes` is the size limit of one file. For a commit, the fetch has the same limit. */
  constructor(snapshot: Snapshot, maxFileBytes: number = DEFAULT_STORE_LIMITS.objectBytes) {
    this.snapshot = snapshot;
    this.maxFileBytes = maxFileBytes;
  }

  /** The text of a file; undefined when there is no file. `what` names it in messages, as `an env_file`. */
  async text(path: string, what: string, at: Position): Promise<string | undefined> {
    const kind = await this.kind(path, at);
    if (kind === undefined) return undefined;
    if (kind !== 'file') throw InputError.at(at, `${what} is a folder`);
    const file = await this.read(path, at);
    const { textBytes, allTextBytes } = APP_FILE_LIMITS;
    if (file && file.content.byteLength > textBytes)
      throw InputError.at(at, `${path} is larger than ${inWords(textBytes)}, the limit for such a file`);
    this.textBytes += file?.content.byteLength ?? 0;
    if (this.textBytes > allTextBytes)
      throw InputError.at(
        at,
        `the env and label files of the app are larger than ${inWords(allTextBytes)}; a file counts each time it is named`,
      );
    return file && utf8(file.content, path);
  }

  async read(path: string, at: Position): Promise<SourceFile | undefined> {
    const file = await orRefuse(() => this.snapshot.read(path), at);
    if (!file) return undefined;
    if (file.content.byteLength > this.maxFileBytes) {
      const message = `${path} is larger than ${sizeOf(this.maxFileBytes)}, the limit for one file`;
      const hint = 'put the file on each site and write its absolute path, or raise --max-file-bytes there';
      throw InputError.at(at, message, hint);
    }
    refuseFiltered(file.content, path, at);
    return file;
  }

  /** The kind of a path; undefined when Git has nothing there. It follows the path part by part, to find links on the way. */
  async kind(path: string, at: Position): Promise<'file' | 'dir' | undefined> {
    let parent = '';
    let kind: Entry['kind'] = 'dir';
    for (const name of path.split('/').filter((part) => part !== '')) {
      if (kind !== 'dir') return undefined;
      const entry: Entry | undefined = (await this.list(parent, at))?.find((each) => each.name === name);
      if (!entry) return undefined;
      parent = posix.join(parent, name);
      kind = entry.kind;
      refuseLinks(kind, parent, at);
    }
    return kind as 'file' | 'dir';
  }

  /** The paths of all files below a folder. */
  async below(dir: string, limit: number, at: Position): Promise<string[]> {
    const found: string[] = [];
    for (const entry of (await this.list(dir, at)) ?? []) {
      const path = posix.join(dir, entry.name);
      refuseLinks(entry.kind, path, at);
      if (entry.kind === 'dir') found.push(...(await this.below(path, limit, at)));
      else found.push(path);
      if (found.length > limit) throw InputError.at(at, `more than ${limit} files of Git are bound`);
    }
    return found;
  }

  /** Announces that a whole folder will be read, so that a source can fetch it in few requests. */
  async prepare(dir: string, at: Position): Promise<void> {
    await orRefuse(async () => this.snapshot.prepare?.([dir]), at);
  }

  /** The entries of a folder; undefined when there is no folder. */
  list(dir: string, at: Position): Promise<Entry[] | undefined> {
    const known = this.lists.get(dir) ?? orRefuse(() => this.snapshot.list(dir), at);
    this.lists.set(dir, known);
    return known;
  }
}

function sizeOf(bytes: number): string {
  const inMib = bytes / 1024 / 1024;
  return Number.isInteger(inMib) ? `${inMib} MiB` : `${bytes} bytes`;
}

/** Turns a path that is relative to a folder into a path relative to the repo's root. Throws InputError when it leads out of the repo. */
export function inRepo(folder: string, path: string, at: Position): string {
  // Docker Compose reads `~` as a home folder, which Git does not have.
  if (path.startsWith('~')) throw InputError.at(at, 'the file must be in Git, so its path cannot begin with ~');
  const joined = posix.join(folder, path).replace(/(?<=.)\/$/, '');
  if (joined === '..' || joined.startsWith('../')) {
    throw InputError.at(at, 'the path leads out of the config repo', 'move the file into the repo');
  }
  return joined === '.' ? '' : joined;
}

function refuseLinks(kind: Entry['kind'], path: string, at: Position): void {
  if (kind === 'symlink') throw InputError.at(at, `${path} is a symbolic link, and Holdfast follows no links`);
  if (kind === 'submodule') throw InputError.at(at, `${path} is a Git submodule, and Holdfast fetches no submodules`);
}

/** Turns a SourceError about a path into an InputError, because the author of the file can fix it. */
async function orRefuse<T>(ask: () => Promise<T>, at: Position): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof SourceError) || error.kind !== 'path') throw error;
    throw new InputError([{ message: error.message, at }], { cause: error });
  }
}
