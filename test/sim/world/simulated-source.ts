import { objectId } from '../../../src/git/objects/git-object.ts';
import type { CommitObject } from '../../../src/git/objects/history.ts';
import { SourceError } from '../../../src/lib/errors.ts';
import type { Entry, SourceFile } from '../../../src/model/snapshot.ts';
import type { FetchedSnapshot, Source } from '../../../src/source/source.ts';
import { authoredCommit } from './authored-commit.ts';
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
  /** Revisions in the order in which apps were read of them. */
  readonly fetched: string[] = [];
  polls = 0;
  /** Tag objects of promotions by the app, as the server shows them. */
  readonly promotions = new Map<string, Uint8Array>();
  /** Told of every commit of which files are asked for. */
  onFetch: (commit: string, pinned: boolean) => void = () => {};
  /** Branches and tags beside the one that is followed. */
  readonly names = new Map<string, string>();
  readonly #commits = new Map<string, { files: Files; parent: string | undefined; content: Uint8Array }>();
  readonly #forged = new Set<string>();
  readonly #beside = new Set<string>();
  /** The lie that the server tells. */
  #shown: string | undefined;
  #shownNames: string | undefined;
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
  commit(files: Files, message?: string): string {
    this.#head = this.#add(files, this.#head || undefined, 'author', message);
    return this.#head;
  }

  /** A commit beside what is followed, which no name leads to. @returns its ID. */
  commitBeside(files: Files, parent: string): string {
    const oid = this.#add(files, parent, 'author');
    this.#beside.add(oid);
    return oid;
  }

  /** The server falls into wrong hands: it shows an older commit, or one that a stranger made. @returns what, in words. */
  lie(random: Random): string {
    // Against a signed commit of another branch there are beacons, which nobody signs in these stories.
    const authored = [...this.#commits.keys()].filter((oid) => !this.#forged.has(oid) && !this.#beside.has(oid));
    if (random.chance(0.5)) {
      this.#shown = random.pick(authored);
      return `the server shows ${this.#shown.slice(0, 8)} as the newest`;
    }
    const forged = this.#add({}, random.pick(authored), 'stranger');
    this.#forged.add(forged);
    if (random.chance(0.5)) {
      this.#shownNames = forged;
      return `the server shows ${forged.slice(0, 8)}, which a stranger made, as what is pinned by name`;
    }
    this.#shown = forged;
    return `the server shows ${forged.slice(0, 8)}, which a stranger made`;
  }

  tellTheTruth(): void {
    this.#shown = undefined;
    this.#shownNames = undefined;
  }

  /** The commit that a pin leads to. */
  pinned(pin: string): string | undefined {
    return /^[0-9a-f]{40}$/.test(pin) ? pin : this.names.get(pin);
  }

  isForged(commit: string): boolean {
    return this.#forged.has(commit);
  }

  /** True when `older` lies before `newer`. */
  isBefore(older: string, newer: string): boolean {
    return older !== newer && this.#ancestors(newer).has(older);
  }

  #add(files: Files, parent: string | undefined, by: 'author' | 'stranger', message?: string): string {
    const { oid, content } = authoredCommit(this.#random.hex(40), parent, by, message);
    this.#commits.set(oid, { files, parent, content });
    return oid;
  }

  #ancestors(tip: string): Set<string> {
    const found = new Set<string>();
    for (let oid: string | undefined = tip; oid !== undefined; oid = this.#commits.get(oid)?.parent) found.add(oid);
    return found;
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
      poll: async (signal, pin) => {
        this.polls += 1;
        await request(signal);
        const commit = this.#shown ?? this.#head;
        const below = new Map([...this.promotions].map(([app, content]) => [app, tagId(content)]));
        if (pin === undefined) return { commit, below };
        const named = this.pinned(pin);
        const shown = named === pin ? named : named && (this.#shownNames ?? named);
        return { commit, below, pinned: shown ? { commit: shown } : { missing: `there is no ${pin}` } };
      },
      fetch: async (commit, signal, pinned = false) => {
        await request(signal);
        const { files } = this.#find(commit);
        this.onFetch(commit, pinned);
        return snapshotOf(commit, files, () => this.fetched.push(commit));
      },
      history: async (tip, known, signal) => {
        await request(signal);
        const left = new Set(known.flatMap((oid) => [...this.#ancestors(oid)]));
        const commits: CommitObject[] = [];
        for (const oid of this.#ancestors(tip))
          if (!left.has(oid)) commits.push({ oid, content: async () => this.#find(oid).content });
        if (commits.length === 0) throw new SourceError('notFound', `the server did not send commit ${tip}`);
        return commits;
      },
      object: async (oid, type, signal) => {
        await request(signal);
        const tag = [...this.promotions.values()].find((content) => tagId(content) === oid);
        if (type === 'tag' && tag) return tag;
        if (type === 'tag') throw new SourceError('notFound', `there is no tag ${oid}`);
        return this.#find(oid).content;
      },
      close: () => {},
    };
  }

  #find(commit: string) {
    const found = this.#commits.get(commit);
    if (!found) throw new SourceError('notFound', `there is no commit ${commit}`);
    return found;
  }
}

const tagId = (content: Uint8Array): string => objectId({ type: 'tag', content: Buffer.from(content) });

function snapshotOf(revision: string, files: Files, onApps: () => void): FetchedSnapshot {
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
      if (dir === 'apps') onApps();
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
        if (file !== undefined) return `file ${objectId({ type: 'blob', content: Buffer.from(file) })}`;
        const inside = below.filter(([path]) => path.startsWith(`${prefix}${name}/`));
        return `dir ${objectId({ type: 'tree', content: Buffer.from(JSON.stringify(inside.sort())) })}`;
      };
      return new Map([...names].map((name) => [name, idOf(name)]));
    },
    dispose: async () => {
      disposed = true;
    },
  };
}
