import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import { InputError, type Position } from '../../lib/errors.ts';
import { APP_FILE_LIMITS, APP_LIMITS, inWords } from '../../lib/limits.ts';
import type { HostFile } from '../../model/state.ts';
import { inRepo, type RepoFiles } from './repo-files.ts';

/**
 * An app's folder in the config repo, and where it lies on the site. Paths given are relative to the project's folder, which lies in it. What
 * is read while compiling may lie anywhere in the repo; what a service binds must lie in the app's folder, as that is all of the repo that a site has.
 */
export class AppFolder {
  /** Absolute path on the site. */
  readonly directory: string;
  private readonly repo: RepoFiles;
  private readonly folder: string;
  /** The project's folder in the repo. */
  private readonly project: string;
  private readonly files = new Map<string, HostFile>();
  /** What lies in folders that were asked for. */
  private readonly folders = new Map<string, HostFile[]>();
  /** Of what these hold. */
  private bytes = 0;

  constructor(repo: RepoFiles, folder: string, directory: string, project: string = folder) {
    this.repo = repo;
    this.folder = folder;
    this.project = project;
    this.directory = directory;
  }

  /** The project's folder on the site; absolute. */
  get projectDirectory(): string {
    return posix.join(this.directory, posix.relative(`/${this.folder}`, `/${this.project}`));
  }

  /** A path of a Compose file on the site: absolute ones as they are, relative ones below the app's folder. Throws InputError at `at`. */
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

  /** The text of a file of Git, undefined where there is none, and its path in the repo. `what` is named in messages. */
  async text(path: string, what: string, at: Position): Promise<{ text: string; file: string } | undefined> {
    if (path.startsWith('/')) throw InputError.at(at, `${what} must be a file in Git, so its path must be relative`);
    const file = inRepo(this.project, path, at);
    const text = await this.repo.text(file, what, at);
    return text === undefined ? undefined : { text, file };
  }

  /** The files of Git that lie at a path, one or a folder of them, as they shall lie on the site. None where Git has nothing there. */
  async bound(path: string, at: Position): Promise<HostFile[]> {
    const inside = this.inside(path, at);
    if (inside === undefined) return [];
    const root = posix.join(this.folder, inside);
    const top = root === '.' ? '' : root;
    const kind = top === '' ? 'dir' : await this.repo.kind(top, at);
    if (kind === undefined) return [];
    if (kind === 'file') return [await this.hostFile(top, at)];
    const known = this.folders.get(top);
    if (known) return known;
    const found: HostFile[] = [];
    this.folders.set(top, found);
    for (const file of await this.repo.below(top, APP_FILE_LIMITS.boundFiles, at))
      found.push(await this.hostFile(file, at));
    return found;
  }

  /** Every file that was bound, sorted by path. */
  allBound(): HostFile[] {
    return [...this.files.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
  }

  /** The path relative to the app's folder; undefined for an absolute one. */
  private inside(path: string, at: Position): string | undefined {
    if (path.startsWith('/')) return undefined;
    const joined = posix.join(this.project, path);
    const inside = posix.relative(`/${this.folder}`, `/${joined}`);
    if (/^\.\.(\/|$)/.test(joined) || /^\.\.(\/|$)/.test(inside)) {
      throw InputError.at(
        at,
        "the path leads out of the app's folder, and a site has no more of Git than that",
        'move what it names into the folder, or write the absolute path that it has on the site',
      );
    }
    return inside;
  }

  private async hostFile(file: string, at: Position): Promise<HostFile> {
    const path = posix.join(this.directory, posix.relative(`/${this.folder}`, `/${file}`));
    const known = this.files.get(path);
    if (known) return known;
    const found = await this.repo.read(file, at);
    if (!found) throw InputError.at(at, `${file} cannot be read`);
    const most = APP_FILE_LIMITS.boundFiles;
    if (this.files.size >= most) throw InputError.at(at, `more than ${most} files of Git are bound`);
    this.bytes += found.content.byteLength;
    if (this.bytes > APP_LIMITS.files)
      throw InputError.at(at, `the files of Git that the app binds are larger than ${inWords(APP_LIMITS.files)}`);
    const digest = createHash('sha256').update(found.content).digest('hex');
    const made: HostFile = { path, content: found.content, mode: found.executable ? 0o755 : 0o644, digest };
    this.files.set(path, made);
    return made;
  }
}
