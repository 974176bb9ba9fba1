import { EngineError } from '../../../../src/lib/errors.ts';
import type { Random } from '../random.ts';
import type { VirtualClock } from '../virtual-clock.ts';
import { EventBus } from './event-bus.ts';
import type { EngineProfile } from './profiles.ts';
import type { Cause, SimContainer, SimNetwork, SimVolume } from './records.ts';
import { ImageStore } from './resources/images.ts';

/**
 * Everything an engine knows, and nothing it does: the theme files beside it (containers, lifecycle, networks, volumes) are what it does.
 * Their functions act at once; the API laid over them adds latency and faults.
 */
export class Machine {
  readonly clock: VirtualClock;
  readonly random: Random;
  readonly profile: EngineProfile;
  readonly bus: EventBus;
  readonly images: ImageStore;
  readonly containers = new Map<string, SimContainer>();
  readonly networks = new Map<string, SimNetwork>();
  readonly volumes = new Map<string, SimVolume>();
  /** Host ports held by something that is no container, as `8080/tcp`. */
  readonly heldPorts = new Set<string>();
  /** False while the engine restarts: nothing answers. */
  answering = true;
  /** Grows with every restart; what was asked of an earlier life gets no answer. */
  life = 0;
  /** The host has nothing at this path that a container binds. */
  isAbsent: (path: string) => boolean = () => false;
  /** Told whenever a container's process comes up. */
  onUp: (container: SimContainer, cause: Cause) => void = () => {};
  /** Told of everything that happens, for the history. */
  onNote: (text: string) => void = () => {};

  constructor(clock: VirtualClock, random: Random, profile: EngineProfile) {
    this.clock = clock;
    this.random = random.fork('engine');
    this.profile = profile;
    this.bus = new EventBus(clock, random.fork('events'));
    this.images = new ImageStore(clock, random.fork('images'), this.bus);
    for (const name of ['bridge', 'host', 'none']) {
      const id = this.random.hex(64);
      this.networks.set(id, { id, body: { Name: name, Driver: name === 'none' ? 'null' : name, Labels: {} } });
    }
  }

  now(): number {
    return this.clock.wall().getTime();
  }

  /** By ID, a prefix of it of at least 12 digits, or name. */
  find(reference: string): SimContainer {
    const exact = this.containers.get(reference);
    if (exact) return exact;
    const name = reference.replace(/^\//, '');
    for (const container of this.containers.values()) {
      if (container.name === name || (reference.length >= 12 && container.id.startsWith(reference))) return container;
    }
    throw new EngineError('notFound', `No such container: ${reference}`);
  }

  network(reference: string): SimNetwork | undefined {
    return (
      this.networks.get(reference) ?? [...this.networks.values()].find((network) => network.body.Name === reference)
    );
  }

  /** Says on the event stream what happened to a container. */
  tell(container: SimContainer, action: string, extra: Record<string, string> = {}): void {
    // Probes would drown everything else.
    if (!action.startsWith('exec')) this.#note(container, action, extra.exitCode ?? '');
    this.bus.emit('container', action, container.id, {
      ...container.body.Labels,
      image: container.body.Image ?? '',
      name: container.name,
      ...extra,
    });
  }

  #note(container: SimContainer, action: string, detail: string): void {
    this.onNote(`${container.name} (${container.id.slice(0, 6)}): ${action} ${detail}`);
  }
}
