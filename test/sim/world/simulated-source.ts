import { SourceError } from '../../../src/lib/errors.ts';
import type { Entry, SourceFile } from '../../../src/model/snapshot.ts';
import type { CommitObject, FetchedSnapshot, Source } from '../../../src/source/source.ts';
import { objectId } from '../../../src/trust/git-object.ts';
import type { Random } from './random.ts';
import type { VirtualClock } from './virtual-clock.ts';

/** One commit's files by path, as text. */
export type Files = Readonly<Record<string, string>>;

/** A config repo behind a link that may be down, slow or lying. Commits are whole trees; the newest is what the revision names. */
export class SimulatedSource {
  #linkUp = true;
  readonly #listeners = new Set<() => void>();
  /** Probability that one request fails although the link is up. */
  faultRate = 0;
  /** Revisions in the order in which they were handed out whole. */
  readonly fetched: string[] = [];
  polls = 0;
  readonly #commits = new Map<string, { files: Files; parent: string | undefined }>();
  readonly #clock: VirtualClock;
  readonly #random: Random;
  #head = '';

  constructor(clock: VirtualClock, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  get linkUp(): boolean {
    return this.#linkUp;
  }

  /** The site sees its own end of a link that comes back at some moments only: behind a router it sees nothing. */
  set linkUp(up: boolean) {
    const isBack = up && !this.#linkUp;
    this.#linkUp = up;
    if (isBack && this.#random.chance(0.5)) for (const listener of [...this.#listeners]) listener();
  }

  readonly onLink = (callback: () => void): (() => void) => {
    this.#listeners.add(callback);
    return () => this.#listeners.delete(callback);
  };

  get head(): string {
    return this.#head;
  }

  /** @returns the new commit's ID. */
  commit(files: Files): string {
    const parent = this.#head || undefined;
    this.#head = this.#random.hex(40);
    this.#commits.set(this.#head, { files, parent });
    return this.#head;
  }

  /** The door through which one life of the agent sees the repo. */
  open(alive: () => boolean): Source {
    const request = async (signal?: AbortSignal): Promise<void> => {
      await this.#clock.sleep(this.#random.between(5, 400));
      if (!alive()) await new Promise(() => {});
      if (signal?.aborted) throw new SourceError('aborted', 'the request was cancelled');
      if (!this.#linkUp) throw new SourceError('unreachable', 'the Git server does not answer');
      if (this.#random.chance(this.faultRate))
        throw new SourceError('protocol', 'the Git server sent nonsense (injected)');
    };
    return {
      origin: { description: 'http://git.example/fleet.git', name: 'fleet' },
      warnings: [],
      poll: async (signal) => {
        this.polls += 1;
        await request(signal);
        return { commit: this.#head };
      },
      fetch: async (commit, signal) => {
        await request(signal);
        const { files } = this.#find(commit);
        this.fetched.push(commit);
        return snapshotOf(commit, files);
      },
      history: async (tip, known, signal) => {
        await request(signal);
        const commits: CommitObject[] = [];
        for (let oid: string | undefined = tip; oid !== undefined && !known.includes(oid); oid = this.#find(oid).parent)
          commits.push({ oid, content: this.#content(oid) });
        return commits;
      },
      object: async (oid, type, signal) => {
        await request(signal);
        if (type === 'tag') throw new SourceError('notFound', `there is no tag ${oid}`);
        return this.#content(oid);
      },
      close: () => {},
    };
  }

  #find(commit: string): { files: Files; parent: string | undefined } {
    const found = this.#commits.get(commit);
    if (!found) throw new SourceError('notFound', `there is no commit ${commit}`);
    return found;
  }

  /** As Git writes a commit; only that its name is no hash of it. */
  #content(commit: string): Uint8Array {
    const { parent } = this.#find(commit);
    const who = 'Author <author@example.org> 0 +0000';
    const header = `tree ${commit}\n${parent ? `parent ${parent}\n` : ''}author ${who}\ncommitter ${who}\n`;
    return new TextEncoder().encode(`${header}\nChange\n`);
  }
}

function snapshotOf(revision: string, files: Files): FetchedSnapshot {
  let disposed = false;
  const check = (): void => {
    if (disposed) throw new SourceError('notFound', 'the snapshot was disposed of');
  };
  return {
    origin: { description: 'http://git.example/fleet.git', name: 'fleet' },
    revision,
    read: async (path): Promise<SourceFile | undefined> => {
      check();
      const text = files[path];
      return text === undefined ? undefined : { content: new TextEncoder().encode(text), executable: false };
    },
    list: async (dir): Promise<Entry[] | undefined> => {
      check();
      const prefix = dir === '' ? '' : `${dir}/`;
      const entries = new Map<string, Entry>();
      for (const path of Object.keys(files)) {
        if (!path.startsWith(prefix)) continue;
        const [name = '', ...rest] = path.slice(prefix.length).split('/');
        entries.set(name, { name, kind: rest.length > 0 ? 'dir' : 'file' });
      }
      if (entries.size === 0 && dir !== '') return undefined;
      return [...entries.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
    },
    ids: async (dir) => {
      check();
      const prefix = dir === '' ? '' : `${dir}/`;
      const below = Object.entries(files).filter(([path]) => path.startsWith(prefix));
      if (below.length === 0 && dir !== '') return undefined;
      const names = new Set(below.map(([path]) => path.slice(prefix.length).split('/')[0] ?? ''));
      const idOf = (name: string): string => {
        const file = files[`${prefix}${name}`];
        if (file !== undefined) return `file ${objectId('blob', Buffer.from(file))}`;
        const inside = below.filter(([path]) => path.startsWith(`${prefix}${name}/`));
        return `dir ${objectId('tree', Buffer.from(JSON.stringify(inside.sort())))}`;
      };
      return new Map([...names].map((name) => [name, idOf(name)]));
    },
    dispose: async () => {
      disposed = true;
    },
  };
}
