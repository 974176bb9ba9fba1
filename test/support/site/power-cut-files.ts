import { posix } from 'node:path';
import type { PackFiles } from '../../../src/git/pack/pack-files.ts';
import type { Disk } from '../../../src/lib/disk.ts';

/** Thrown at the step at which the power goes; everything after it is refused as well. */
export class PowerCut extends Error {}

interface Stored {
  content: Buffer;
  /** The state that survives a power cut. */
  synced: Buffer;
}

type NameChange = { name: string; to: Stored | undefined };

/**
 * A folder in memory that a power cut hits: at `cutAt` effects, what was written since the last fsync of a file is lost, wholly or from some byte
 * on, and names that were given or taken since the last fsync of the folder are so or not, each by itself.
 */
export class PowerCutFiles implements PackFiles {
  readonly dir = '/store';
  /** Effects so far. */
  steps = 0;
  cutAt = Number.POSITIVE_INFINITY;
  #names = new Map<string, Stored>();
  #syncedNames = new Map<string, Stored>();
  #pending: NameChange[] = [];

  list(): string[] {
    return [...this.#names.keys()].sort();
  }

  size(name: string): number | undefined {
    return this.#names.get(name)?.content.length;
  }

  open(name: string) {
    const { content } = this.#get(name);
    return {
      size: content.length,
      read: (at: number, length: number) => Buffer.from(content.subarray(at, at + length)),
      close: () => {},
    };
  }

  create(name: string) {
    this.#step();
    if (this.#names.has(name)) throw Object.assign(new Error(`EEXIST: ${name}`), { code: 'EEXIST' });
    const stored: Stored = { content: Buffer.alloc(0), synced: Buffer.alloc(0) };
    this.#name(name, stored);
    return {
      write: (data: Uint8Array) => {
        this.#step();
        stored.content = Buffer.concat([stored.content, data]);
      },
      sync: () => {
        this.#step();
        stored.synced = stored.content;
      },
      close: () => {},
    };
  }

  rename(from: string, to: string): void {
    this.#step();
    const stored = this.#get(from);
    this.#name(to, stored);
    this.#name(from, undefined);
  }

  remove(name: string): void {
    this.#step();
    if (this.#names.has(name)) this.#name(name, undefined);
  }

  sync(): void {
    this.#step();
    this.#syncedNames = new Map(this.#names);
    this.#pending = [];
  }

  /** The files that a machine finds on the disk after a power cut. */
  afterCut(random: () => number): PowerCutFiles {
    const next = new PowerCutFiles();
    const names = new Map(this.#syncedNames);
    for (const { name, to } of this.#pending) {
      if (random() < 0.5) continue;
      if (to) names.set(name, to);
      else names.delete(name);
    }
    for (const [name, { content, synced }] of names) {
      const lost = content.length - synced.length;
      const kept = synced.length + (random() < 0.5 ? Math.floor(random() * lost) : lost);
      const bytes = Buffer.from(content.subarray(0, Math.max(kept, synced.length)));
      // Blocks that never reached the disk read as zeros.
      if (random() < 0.3) bytes.fill(0, synced.length);
      next.plant(name, bytes);
    }
    return next;
  }

  /** At once and for sure: what a person, or a card that decays, does to a file. */
  plant(name: string, content: Buffer | undefined): void {
    if (content) this.#names.set(name, { content, synced: content });
    else this.#names.delete(name);
    this.#syncedNames = new Map(this.#names);
    this.#pending = [];
  }

  peek(name: string): Buffer {
    return this.#get(name).content;
  }

  #get(name: string): Stored {
    const stored = this.#names.get(name);
    if (!stored) throw Object.assign(new Error(`ENOENT: ${name}`), { code: 'ENOENT' });
    return stored;
  }

  #name(name: string, to: Stored | undefined): void {
    if (to) this.#names.set(name, to);
    else this.#names.delete(name);
    this.#pending.push({ name, to });
  }

  #step(): void {
    this.steps += 1;
    if (this.steps > this.cutAt) throw new PowerCut(`at step ${this.steps}`);
  }
}

/** A disk that takes the steps of the system's one, each of which may be the last. Names of folders are taken as lasting. */
export function powerCutDisk(files: PowerCutFiles): Disk {
  let count = 0;
  return {
    read: async (path) => (files.size(path) === undefined ? undefined : Buffer.from(files.peek(path))),
    async write(path, content) {
      const name = (): string => posix.join(posix.dirname(path), `.${count}.holdfast-tmp`);
      while (files.size(name()) !== undefined) count++;
      const temporary = name();
      const writer = files.create(temporary);
      writer.write(Buffer.from(content));
      writer.sync();
      files.rename(temporary, path);
      files.sync();
    },
    remove: async (path) => files.remove(path),
    async list(dir) {
      const inside = files.list().filter((path) => path.startsWith(`${dir}/`));
      return [...new Set(inside.map((path) => path.slice(dir.length + 1).split('/')[0] ?? ''))].sort();
    },
    async stat(path) {
      const size = files.size(path);
      return size === undefined ? undefined : { size, mtimeMs: 0, ino: 0, mode: 0o600 };
    },
  };
}
