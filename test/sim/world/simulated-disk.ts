import { posix } from 'node:path';
import type { Disk } from '../../../src/lib/disk.ts';
import type { Random } from './random.ts';
import type { VirtualClock } from './virtual-clock.ts';

interface StoredFile {
  content: Uint8Array;
  mode: number;
  mtimeMs: number;
  ino: number;
}

export type DiskFault = 'ENOSPC' | 'EIO';

/**
 * A site's disk in memory. Writes are atomic and take time; when the machine or the agent dies, a write in flight has happened wholly or not
 * at all. Faults can be injected for every write to come, or with a probability.
 */
export class SimulatedDisk implements Disk {
  /** Effects so far; an idle site adds none. */
  writes = 0;
  /** Probability that one write or removal fails, and with what. */
  faultRate = 0;
  /** While set, every write fails so: the disk is full, or broken. */
  broken: DiskFault | undefined;
  /** Something could not be written, or was damaged: what was to be remembered may be forgotten. */
  hasFailed = false;
  readonly #files = new Map<string, StoredFile>();
  readonly #clock: VirtualClock;
  readonly #random: Random;
  #inode = 1;

  constructor(clock: VirtualClock, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  async read(path: string): Promise<Uint8Array | undefined> {
    await this.#delay();
    const file = this.#files.get(posix.normalize(path));
    return file?.content.slice();
  }

  async write(path: string, content: Uint8Array | string, mode = 0o644): Promise<void> {
    const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content.slice();
    await this.#delay();
    this.#mayFail('write', path);
    this.#put(posix.normalize(path), bytes, mode);
    this.writes += 1;
    await this.#delay();
  }

  async remove(path: string): Promise<void> {
    await this.#delay();
    this.#mayFail('unlink', path);
    if (this.#files.delete(posix.normalize(path))) this.writes += 1;
  }

  async list(dir: string): Promise<string[]> {
    await this.#delay();
    const prefix = `${posix.normalize(dir).replace(/\/$/, '')}/`;
    const names = new Set<string>();
    for (const path of this.#files.keys()) {
      if (path.startsWith(prefix)) names.add(path.slice(prefix.length).split('/', 1)[0] ?? '');
    }
    return [...names].sort();
  }

  async stat(path: string): Promise<{ size: number; mtimeMs: number; ino: number; mode: number } | undefined> {
    await this.#delay();
    const file = this.#files.get(posix.normalize(path));
    return file && { size: file.content.length, mtimeMs: file.mtimeMs, ino: file.ino, mode: file.mode };
  }

  /** At once, past faults and the count: what a person or a broken card does to a file. */
  plant(path: string, content: Uint8Array | string | undefined, mode = 0o644): void {
    const key = posix.normalize(path);
    this.hasFailed = true;
    if (content === undefined) this.#files.delete(key);
    else this.#put(key, typeof content === 'string' ? new TextEncoder().encode(content) : content, mode);
  }

  /** At once: the machine restarts, and what it had in memory is gone. */
  reboot(): void {
    for (const path of this.#files.keys()) if (path.startsWith('/run/')) this.#files.delete(path);
  }

  /** At once: the content now, for oracles. */
  peek(path: string): Uint8Array | undefined {
    return this.#files.get(posix.normalize(path))?.content;
  }

  paths(): string[] {
    return [...this.#files.keys()].sort();
  }

  #put(path: string, content: Uint8Array, mode: number): void {
    const mtimeMs = this.#clock.wall().getTime();
    this.#files.set(path, { content, mode, mtimeMs, ino: this.#inode });
    this.#inode += 1;
  }

  #delay(): Promise<void> {
    return this.#clock.sleep(this.#random.between(0, 2));
  }

  #mayFail(call: string, path: string): void {
    const fault = this.broken ?? (this.#random.chance(this.faultRate) ? this.#random.pick(FAULTS) : undefined);
    if (!fault) return;
    this.hasFailed = true;
    throw Object.assign(new Error(`${fault}: injected, ${call} '${path}'`), { code: fault });
  }
}

const FAULTS: readonly DiskFault[] = ['ENOSPC', 'EIO'];
