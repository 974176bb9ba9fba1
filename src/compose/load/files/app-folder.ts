import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import { InputError, type Position } from '../../../lib/errors.ts';
import { APP_FILE_LIMITS, APP_LIMITS, inWords } from '../../../lib/limits.ts';
import type { HostFile, OutsidePath } from '../../../model/state.ts';
import { asWritten, nearest } from './nearest.ts';
import { COPIES, outsidePath, type SiteFolder } from './outside.ts';
import { inRepo, type RepoFiles } from './repo-files.ts';

/** The most warnings for paths that are compared with the names in Git; nobody reads more. */
const MOST_SLIPS = 50;

/** A path of the host that a Compose file names. */
export interface HostPath {
  /** Absolute, on the site. */
  path: string;
  /** The files of Git that lie there, one or a folder of them, as they shall lie on the site. */
  files: HostFile[];
  /** The path in the repo, and whether Git has something there; absent for one that Git cannot have. */
  repo?: { path: string; isThere: boolean };
}

/** An app's folders in the config repo; "" is the root. */
export interface RepoFolders {
  /** The app's whole folder. */
  folder: string;
  /** The project's: relative paths are relative to it. */
  project: string;
}

/**
 * An app's folder in the config repo, and where it lies on the site. Files that compiling reads may lie anywhere in the repo. A file that a service binds
 * lies in the app's folder as it does in the repo; of what lies elsewhere in the repo, the app has a copy.
 */
export class AppFolder {
  /** The project's folder on the site; absolute. */
  readonly projectDirectory: string;
  /** The app's folder on the site; absolute. */
  readonly directory: string;
  private readonly repo: RepoFiles;
  private readonly in: RepoFolders;
  /** undefined: paths are those of this machine, as Docker Compose takes them here. */
  private readonly site: SiteFolder | undefined;
  private readonly home: () => string | undefined;
  private readonly files = new Map<string, HostFile>();
  /** The entries of folders that were asked for. */
  private readonly folders = new Map<string, HostFile[]>();
  /** The bytes that these hold. */
  private bytes = 0;
  private readonly outside = new Map<string, OutsidePath>();
  /** Paths that were compared with what Git has. */
  private slips = 0;

  constructor(
    repo: RepoFiles,
    folders: RepoFolders,
    where: SiteFolder | { here: string },
    home: () => string | undefined = () => undefined,
  ) {
    this.repo = repo;
    this.in = folders;
    this.site = 'here' in where ? undefined : where;
    this.projectDirectory = 'here' in where ? where.here : where.project;
    this.directory = posix.join(this.projectDirectory, posix.relative(`/${folders.project}`, `/${folders.folder}`));
    this.home = home;
  }

  /** A path of a Compose file as Docker Compose takes it in the project's folder. Throws InputError at `at`. */
  asComposed(path: string, at: Position): string {
    const found = this.relativeOrAbsolute(path, at);
    return clean(found.startsWith('/') ? found : posix.join(this.projectDirectory, found));
  }

  /** A path of a Compose file on the site, and the files of Git there. Throws InputError at `at`. */
  async locate(written: string, at: Position): Promise<HostPath> {
    const path = this.relativeOrAbsolute(written, at);
    if (path.startsWith('/')) return { path: clean(path), files: [] };
    const inRepo = clean(posix.join(this.in.project, path));
    const inside = posix.relative(`/${this.in.folder}`, `/${inRepo}`);
    if (leadsOut(inRepo) || leadsOut(inside)) return this.locateOutside(path, inRepo === '.' ? '' : inRepo, at);
    const root = inRepo === '.' ? '' : inRepo;
    const place = (file: string): string => this.ownPath(file, at);
    const files = await this.filesAt(root, place, at);
    return { path: place(root), files: files ?? [], repo: { path: root, isThere: files !== undefined } };
  }

  /** The text of a file of Git, undefined where there is none, and its path in the repo. `what` is named in messages. */
  async text(path: string, what: string, at: Position): Promise<{ text: string; file: string } | undefined> {
    if (path.startsWith('/')) throw InputError.at(at, `${what} must be a file in Git, so its path must be relative`);
    const file = inRepo(this.in.project, path, at);
    const text = await this.repo.text(file, what, at);
    return text === undefined ? undefined : { text, file };
  }

  /** A hint at the path that is probably meant by one that Git does not have. */
  async meant(path: string, at: Position): Promise<string | undefined> {
    if (++this.slips > MOST_SLIPS) return undefined;
    const near = await nearest(inRepo(this.in.project, path, at), this.repo, at);
    return near && `did you mean ${asWritten(near, this.in.project)}?`;
  }

  /** Every file that was bound, sorted by path. */
  allBound(): HostFile[] {
    return [...this.files.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
  }

  /** Every path that leads out of the app's folder, sorted. */
  allOutside(): OutsidePath[] {
    return [...this.outside.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
  }

  private async locateOutside(path: string, repo: string, at: Position): Promise<HostPath> {
    if (!this.site) return { path: this.asComposed(path, at), files: [] };
    const found = await outsidePath(path, repo, at, this.site, this.repo);
    if (!this.outside.has(repo)) this.outside.set(repo, found);
    if (found.from === 'site')
      return { path: found.site, files: [], ...(found.copy !== undefined && { repo: { path: repo, isThere: false } }) };
    const copies = posix.join(this.site.filesDir, this.site.name, COPIES);
    const files = await this.filesAt(repo, (file) => posix.join(copies, file), at);
    return { path: clean(posix.join(copies, repo)), files: files ?? [], repo: { path: repo, isThere: true } };
  }

  /** With `~` put in, and absolute or relative to the project's folder. */
  private relativeOrAbsolute(path: string, at: Position): string {
    if (path.includes('\\') || /^[a-z]:/i.test(path)) throw InputError.at(at, 'this is a path of Windows');
    if (path.includes('\0')) throw InputError.at(at, 'a path cannot hold a null character');
    if (!path.startsWith('~')) return path;
    if (!/^~(\/|$)/.test(path))
      throw InputError.at(at, `${path} names the home folder of another user`, 'write an absolute path');
    const home = this.home();
    if (home !== undefined && (home.startsWith('/') || home.startsWith('{{')))
      return posix.join('/', home, path.slice(1));
    throw InputError.at(
      at,
      home === undefined
        ? 'a path that begins with ~ needs HOME among the values of the site'
        : 'HOME is not an absolute path, and a path that begins with ~ needs one',
      'give HOME a value in the file of --values, the Site or fleet.yaml, or write an absolute path',
    );
  }

  /** undefined where Git has nothing at a path. `place` says where a file of the repo lies on the site. */
  private async filesAt(top: string, place: (file: string) => string, at: Position): Promise<HostFile[] | undefined> {
    const kind = top === '' ? 'dir' : await this.repo.kind(top, at);
    if (kind === undefined) return undefined;
    if (kind === 'file') return [await this.hostFile(top, place(top), at)];
    const known = this.folders.get(place(top));
    if (known) return known;
    const found: HostFile[] = [];
    this.folders.set(place(top), found);
    await this.repo.prepare(top, at);
    for (const file of await this.repo.below(top, APP_FILE_LIMITS.boundFiles, at))
      found.push(await this.hostFile(file, place(file), at));
    return found;
  }

  private async hostFile(file: string, path: string, at: Position): Promise<HostFile> {
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

  /** Where what is in the app's folder lies on the site: around the project's folder as in the repo. */
  private ownPath(path: string, at: Position): string {
    const place = clean(posix.join(this.projectDirectory, posix.relative(`/${this.in.project}`, `/${path}`)));
    const inside = posix.relative(`/${this.in.folder}`, `/${path}`);
    if (this.site?.isElsewhere || (inside !== COPIES && !inside.startsWith(`${COPIES}/`))) return place;
    throw InputError.at(
      at,
      `${COPIES} in an app's folder is for copies of what Git has elsewhere in the repo`,
      'give the folder another name',
    );
  }
}

const clean = (path: string): string => posix.normalize(path).replace(/(?<=.)\/$/, '');

const leadsOut = (path: string): boolean => path === '..' || path.startsWith('../');
