import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import { InputError, type Position } from '../../../lib/errors.ts';
import { APP_FILE_LIMITS, APP_LIMITS, inWords } from '../../../lib/limits.ts';
import type { OutsidePath } from '../../../model/app/outside-path.ts';
import type { HostFile } from '../../../model/state.ts';
import { refusal } from '../values/secret-places.ts';
import type { Value } from '../values/template.ts';
import { asWritten, nearest } from './nearest.ts';
import { COPIES, outsidePath, type SiteFolder } from './outside.ts';
import { inRepo, type RepoFiles } from './repo-files.ts';

/** The number of missing paths that get a hint at a similar path. Nobody reads more. */
const MOST_HINTS = 50;

/** A host path in a Compose file. */
export interface HostPath {
  /** Absolute, on the site. */
  path: string;
  /** The files of Git at this path, one file or a folder of them, with their paths on the site. */
  files: HostFile[];
  /** The path in the repo; absent when the path cannot be in Git. */
  repo?: { path: string; isThere: boolean } | undefined;
}

/** An app's two folders in the config repo; "" is the root. */
export interface RepoFolders {
  /** The app's whole folder. */
  folder: string;
  /** The project's folder: the base of relative paths. */
  project: string;
}

/**
 * Maps an app's folder in the config repo to its folder on the site. Files that a service binds keep their path in the app's folder; files from
 * elsewhere in the repo are copied for the app. Files that only compiling reads may be anywhere in the repo.
 */
export class AppFolder {
  /** The project's folder on the site; absolute. */
  readonly projectDirectory: string;
  /** The app's folder on the site; absolute. */
  readonly directory: string;
  private readonly repo: RepoFiles;
  private readonly in: RepoFolders;
  /** undefined: paths are those of this machine, as Docker Compose resolves them here. */
  private readonly site: SiteFolder | undefined;
  private readonly home: () => Value | undefined;
  private readonly files = new Map<string, HostFile>();
  /** The files below each folder so far. */
  private readonly folders = new Map<string, HostFile[]>();
  /** The bytes of all files so far. */
  private bytes = 0;
  private readonly outside = new Map<string, OutsidePath>();
  /** The number of hints so far. */
  private hints = 0;

  constructor(
    repo: RepoFiles,
    folders: RepoFolders,
    where: SiteFolder | { here: string },
    home: () => Value | undefined = () => undefined,
  ) {
    this.repo = repo;
    this.in = folders;
    this.site = 'here' in where ? undefined : where;
    this.projectDirectory = 'here' in where ? where.here : where.project;
    this.directory = posix.join(this.projectDirectory, posix.relative(`/${folders.project}`, `/${folders.folder}`));
    this.home = home;
  }

  /** A path of a Compose file, resolved from the project's folder as Docker Compose does it. Throws InputError at `at`. */
  asComposed(path: string, at: Position): string {
    const found = this.relativeOrAbsolute(path, at);
    return clean(found.startsWith('/') ? found : posix.join(this.projectDirectory, found));
  }

  /** The path on the site for a path of a Compose file, and the files of Git there. Throws InputError at `at`. */
  async locate(written: string, at: Position): Promise<HostPath> {
    const path = this.relativeOrAbsolute(written, at);
    if (path.startsWith('/')) return { path: clean(path), files: [] };
    const inRepo = clean(posix.join(this.in.project, path));
    const inside = posix.relative(`/${this.in.folder}`, `/${inRepo}`);
    if (leadsOut(inRepo) || leadsOut(inside)) return this.locateOutside(path, inRepo === '.' ? '' : inRepo, at);
    const root = inRepo === '.' ? '' : inRepo;
    const onSite = (file: string): string => this.ownPath(file, at);
    const files = await this.filesAt(root, onSite, at);
    return { path: onSite(root), files: files ?? [], repo: { path: root, isThere: files !== undefined } };
  }

  /** The text of a file of Git and its path in the repo; undefined when there is no file. Messages use `what`. */
  async text(path: string, what: string, at: Position): Promise<{ text: string; file: string } | undefined> {
    if (path.startsWith('/')) throw InputError.at(at, `${what} must be a file in Git, so its path must be relative`);
    const file = inRepo(this.in.project, path, at);
    const text = await this.repo.text(file, what, at);
    return text === undefined ? undefined : { text, file };
  }

  /** The bytes of a file of Git and its path in the repo; undefined when Git has no file at the path of the Compose file. */
  async content(written: string, at: Position): Promise<{ content: Uint8Array; file: string } | undefined> {
    if (/^[/~]/.test(written)) return undefined;
    const file = clean(posix.join(this.in.project, written));
    if (leadsOut(file) || (await this.repo.kind(file === '.' ? '' : file, at)) !== 'file') return undefined;
    const found = await this.repo.read(file, at);
    return found && { content: found.content, file };
  }

  /** A hint at a similar path in Git, for a path that Git does not have. */
  async meant(path: string, at: Position): Promise<string | undefined> {
    if (++this.hints > MOST_HINTS) return undefined;
    const near = await nearest(inRepo(this.in.project, path, at), this.repo, at);
    return near && `did you mean ${asWritten(near, this.in.project)}?`;
  }

  /** Every bound file, sorted by path. */
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
      return {
        path: found.site,
        files: [],
        repo: found.copy === undefined ? undefined : { path: repo, isThere: false },
      };
    const copies = posix.join(this.site.filesDir, this.site.name, COPIES);
    const files = await this.filesAt(repo, (file) => posix.join(copies, file), at);
    return { path: clean(posix.join(copies, repo)), files: files ?? [], repo: { path: repo, isThere: true } };
  }

  /** The path with `~` replaced: absolute, or relative to the project's folder. */
  private relativeOrAbsolute(path: string, at: Position): string {
    if (path.includes('\\') || /^[a-z]:/i.test(path)) throw InputError.at(at, 'this is a Windows path');
    if (path.includes('\0')) throw InputError.at(at, 'a path cannot hold a null character');
    if (!path.startsWith('~')) return path;
    if (!/^~(\/|$)/.test(path))
      throw InputError.at(at, `${path} is the home folder of another user`, 'write an absolute path');
    const { text: home, secret } = this.home() ?? {};
    if (secret) throw InputError.at(at, ...refusal(secret.name, 'a path'));
    if (home !== undefined && (home.startsWith('/') || home.startsWith('{{')))
      return posix.join('/', home, path.slice(1));
    throw InputError.at(
      at,
      home === undefined
        ? 'a path that begins with ~ needs a value for HOME'
        : 'HOME must be an absolute path, because a path begins with ~',
      'give HOME a value in the file of --values, the Site or fleet.yaml, or write an absolute path',
    );
  }

  /** The files at a path; undefined when Git has nothing there. `onSite` gives the path of a file on the site. */
  private async filesAt(top: string, onSite: (file: string) => string, at: Position): Promise<HostFile[] | undefined> {
    const kind = top === '' ? 'dir' : await this.repo.kind(top, at);
    if (kind === undefined) return undefined;
    if (kind === 'file') return [await this.hostFile(top, onSite(top), at)];
    const known = this.folders.get(onSite(top));
    if (known) return known;
    const found: HostFile[] = [];
    this.folders.set(onSite(top), found);
    await this.repo.prepare(top, at);
    for (const file of await this.repo.below(top, APP_FILE_LIMITS.boundFiles, at))
      found.push(await this.hostFile(file, onSite(file), at));
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

  /** The path on the site for a file in the app's folder. The folders have the same layout as in the repo. */
  private ownPath(path: string, at: Position): string {
    const onSite = clean(posix.join(this.projectDirectory, posix.relative(`/${this.in.project}`, `/${path}`)));
    const inside = posix.relative(`/${this.in.folder}`, `/${path}`);
    if (this.site?.isElsewhere || (inside !== COPIES && !inside.startsWith(`${COPIES}/`))) return onSite;
    throw InputError.at(
      at,
      `${COPIES} in an app's folder is reserved for copies of files from elsewhere in the repo`,
      'give the folder another name',
    );
  }
}

const clean = (path: string): string => posix.normalize(path).replace(/(?<=.)\/$/, '');

const leadsOut = (path: string): boolean => path === '..' || path.startsWith('../');
