import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import { InputError, type Position, SourceError } from '../lib/errors.ts';
import type { Entry, Snapshot, SourceFile } from '../model/snapshot.ts';
import type { HostFile } from '../model/state.ts';

const MAX_FILE = 10 * 1024 * 1024;
const MAX_FILES = 1000;

/**
 * An app's folder in the config repo, and where it lies on the site. Paths given are relative to it; nothing outside it is read, and links
 * are not followed: what a site gets is what the commit says.
 */
export class AppFolder {
  /** Absolute path on the site. */
  readonly directory: string;
  private readonly snapshot: Snapshot;
  private readonly folder: string;
  private readonly lists = new Map<string, Promise<Entry[] | undefined>>();
  private readonly files = new Map<string, HostFile>();

  constructor(snapshot: Snapshot, folder: string, directory: string) {
    this.snapshot = snapshot;
    this.folder = folder;
    this.directory = directory;
  }

  /** A path of a Compose file on the site: absolute ones as they are, relative ones below the folder. Throws InputError at `at`. */
  onSite(path: string, at: Position): string {
    if (path.startsWith('~')) {
      throw InputError.at(at, 'a path cannot begin with ~: a site has no home folder', 'write an absolute path');
    }
    if (path.includes('\\') || /^[a-z]:/i.test(path)) throw InputError.at(at, 'this is a path of Windows');
    if (path.includes('\0')) throw InputError.at(at, 'a path cannot hold a null character');
    const inside = this.inside(path, at);
    if (inside !== undefined) return inside === '' ? this.directory : posix.join(this.directory, inside);
    return posix.normalize(path).replace(/(?<=.)\/$/, '');
  }

  /** The text of a file of Git, undefined where there is none. `what` is named in messages. */
  async text(path: string, what: string, at: Position): Promise<{ text: string; file: string } | undefined> {
    const inside = this.inside(path, at);
    if (inside === undefined) {
      throw InputError.at(at, `${what} must be a file in the app's folder in Git, so its path must be relative`);
    }
    const kind = await this.kind(inside, at);
    if (kind === undefined) return undefined;
    if (kind !== 'file') throw InputError.at(at, `${what} is a folder`);
    const file = await this.readFile(inside, at);
    return file && { text: new TextDecoder().decode(file.content), file: this.inRepo(inside) };
  }

  /** The files of Git that lie at a path, one or a folder of them, as they shall lie on the site. None where Git has nothing there. */
  async bound(path: string, at: Position): Promise<HostFile[]> {
    const inside = this.inside(path, at);
    if (inside === undefined) return [];
    const kind = inside === '' ? 'dir' : await this.kind(inside, at);
    if (kind === undefined) return [];
    if (kind === 'file') return [await this.hostFile(inside, at)];
    const found: HostFile[] = [];
    for (const file of await this.below(inside, at)) found.push(await this.hostFile(file, at));
    return found;
  }

  /** Every file that was bound, sorted by path. */
  allBound(): HostFile[] {
    return [...this.files.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
  }

  /** The path relative to the folder; undefined for an absolute one. */
  private inside(path: string, at: Position): string | undefined {
    if (path.startsWith('/')) return undefined;
    const inside = posix.normalize(path).replace(/\/$/, '');
    if (inside === '..' || inside.startsWith('../')) {
      throw InputError.at(at, "the path leads out of the app's folder", 'move what it names into the folder');
    }
    return inside === '.' ? '' : inside;
  }

  private inRepo(inside: string): string {
    return posix.join(this.folder, inside);
  }

  /** Goes down step by step, so that a link on the way is noticed. */
  private async kind(inside: string, at: Position): Promise<'file' | 'dir' | undefined> {
    let parent = '';
    let kind: Entry['kind'] = 'dir';
    for (const name of inside.split('/')) {
      if (kind !== 'dir') return undefined;
      const entry = (await this.list(parent, at))?.find((each) => each.name === name);
      if (!entry) return undefined;
      parent = posix.join(parent, name);
      kind = entry.kind;
      this.refuseLinks(kind, parent, at);
    }
    return kind as 'file' | 'dir';
  }

  private async below(dir: string, at: Position): Promise<string[]> {
    const found: string[] = [];
    for (const entry of (await this.list(dir, at)) ?? []) {
      const path = posix.join(dir, entry.name);
      this.refuseLinks(entry.kind, path, at);
      if (entry.kind === 'dir') found.push(...(await this.below(path, at)));
      else found.push(path);
      if (found.length > MAX_FILES) throw InputError.at(at, `more than ${MAX_FILES} files of Git are bound`);
    }
    return found;
  }

  private refuseLinks(kind: Entry['kind'], path: string, at: Position): void {
    if (kind === 'symlink') throw InputError.at(at, `${this.inRepo(path)} is a symbolic link, which is not followed`);
    if (kind === 'submodule') throw InputError.at(at, `${this.inRepo(path)} is a Git submodule, which is not fetched`);
  }

  private list(dir: string, at: Position): Promise<Entry[] | undefined> {
    const path = this.inRepo(dir);
    const known = this.lists.get(dir) ?? orRefuse(() => this.snapshot.list(path === '.' ? '' : path), at);
    this.lists.set(dir, known);
    return known;
  }

  private async hostFile(inside: string, at: Position): Promise<HostFile> {
    const path = posix.join(this.directory, inside);
    const known = this.files.get(path);
    if (known) return known;
    const file = await this.readFile(inside, at);
    if (!file) throw InputError.at(at, `${this.inRepo(inside)} cannot be read`);
    if (this.files.size >= MAX_FILES) throw InputError.at(at, `more than ${MAX_FILES} files of Git are bound`);
    const digest = createHash('sha256').update(file.content).digest('hex');
    const made: HostFile = { path, content: file.content, mode: file.executable ? 0o755 : 0o644, digest };
    this.files.set(path, made);
    return made;
  }

  private async readFile(inside: string, at: Position): Promise<SourceFile | undefined> {
    const file = await readOrRefuse(this.snapshot, this.inRepo(inside), at);
    if (file && file.content.byteLength > MAX_FILE) {
      throw InputError.at(at, `${this.inRepo(inside)} is larger than ${MAX_FILE / 1024 / 1024} MB`);
    }
    return file;
  }
}

/** Reads a file; a path that the source refuses is the author's problem, anything else the source's. */
export function readOrRefuse(snapshot: Snapshot, path: string, at: Position): Promise<SourceFile | undefined> {
  return orRefuse(() => snapshot.read(path), at);
}

async function orRefuse<T>(ask: () => Promise<T>, at: Position): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof SourceError) || error.kind !== 'path') throw error;
    throw new InputError([{ message: error.message, at }], { cause: error });
  }
}
