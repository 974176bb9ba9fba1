import type { ContainerBody, ImageInspect } from '../../../../../src/container/engine-api.ts';
import type { PullOptions } from '../../../../../src/engine/api.ts';
import { EngineError } from '../../../../../src/lib/errors.ts';
import { deepFreeze } from '../../freeze.ts';
import type { Random } from '../../random.ts';
import type { VirtualClock } from '../../virtual-clock.ts';
import type { EventBus } from '../event-bus.ts';
import type { SimImage } from '../records.ts';

/** The images of a registry by reference; a reference may move. */
export class Registry {
  up = true;
  readonly #images = new Map<string, SimImage>();

  offer(reference: string, image: SimImage): void {
    this.#images.set(canonical(reference), image);
  }

  withdraw(reference: string): void {
    this.#images.delete(canonical(reference));
  }

  find(reference: string): SimImage | undefined {
    return this.#images.get(canonical(reference));
  }
}

/** The images on an engine's disk. */
export class ImageStore {
  readonly registry = new Registry();
  readonly #tags = new Map<string, string>();
  readonly #images = new Map<string, SimImage>();
  readonly #clock: VirtualClock;
  readonly #random: Random;
  readonly #bus: EventBus;

  constructor(clock: VirtualClock, random: Random, bus: EventBus) {
    this.#clock = clock;
    this.#random = random;
    this.#bus = bus;
  }

  /** An image with a new ID, nowhere yet. */
  make(config: ContainerBody): SimImage {
    return { id: `sha256:${this.#random.hex(64)}`, config: deepFreeze(config) };
  }

  /** On the disk at once, as after an import or a load; the tag moves when another image had it. */
  put(reference: string, image: SimImage): void {
    this.#images.set(image.id, image);
    this.#tags.set(canonical(reference), image.id);
    this.#bus.emit('image', 'tag', image.id, { name: reference });
  }

  /** The reference no longer names anything here; the image stays while something may use it. */
  untag(reference: string): void {
    const id = this.#tags.get(canonical(reference));
    if (id === undefined) return;
    this.#tags.delete(canonical(reference));
    this.#bus.emit('image', 'untag', id, { name: reference });
  }

  /** Gone from the disk, with every tag. */
  remove(id: string): void {
    if (!this.#images.delete(id)) return;
    for (const [tag, tagged] of this.#tags) if (tagged === id) this.#tags.delete(tag);
    this.#bus.emit('image', 'delete', id, { name: id });
  }

  /** By reference, or by ID with or without `sha256:`. */
  find(reference: string): SimImage | undefined {
    const tagged = this.#tags.get(canonical(reference));
    return this.#images.get(tagged ?? (reference.startsWith('sha256:') ? reference : `sha256:${reference}`));
  }

  references(): string[] {
    return [...this.#tags.keys()].sort();
  }

  inspect(reference: string): ImageInspect | undefined {
    const image = this.find(reference);
    if (!image) return undefined;
    const tags = [...this.#tags].filter(([, id]) => id === image.id).map(([tag]) => tag);
    return { Id: image.id, RepoTags: tags, Config: image.config };
  }

  /** Fetches from the registry, in some seconds; an answer that a registry gives as "no" is `pullFailed`. */
  async pull(reference: string, options: PullOptions): Promise<void> {
    for (let step = 1; step <= 4; step += 1) {
      await this.#clock.sleep(this.#random.between(50, 1500));
      if (options.signal?.aborted) throw new EngineError('aborted', `pulling ${reference} was cancelled`);
      if (!this.registry.up) throw new EngineError('pullFailed', `pulling ${reference}: the registry does not answer`);
      if (!this.registry.find(reference)) throw new EngineError('pullFailed', `pulling ${reference}: manifest unknown`);
    }
    const image = this.registry.find(reference);
    if (!image) throw new EngineError('pullFailed', `pulling ${reference}: manifest unknown`);
    this.#images.set(image.id, image);
    this.#tags.set(canonical(reference), image.id);
    this.#bus.emit('image', 'pull', reference, { name: reference });
  }
}

/** `nginx`, `library/nginx:latest` and `docker.io/library/nginx` are one thing. */
export function canonical(reference: string): string {
  const short = reference.replace(/^(docker\.io\/(library\/)?|library\/)/, '');
  const tagged = short.includes('@') || /:[^/]+$/.test(short);
  return tagged ? short : `${short}:latest`;
}
