import type { CreateContainerBody, EndpointBody, NetworkBody, VolumeBody } from '../../../src/container/engine-api.ts';
import type { EngineApi, EventListener, PullOptions } from '../../../src/engine/api.ts';
import { EngineError } from '../../../src/lib/errors.ts';
import { createContainer, putArchive, removeContainer, renameContainer, updateContainer } from './engine/containers.ts';
import { inspectContainer, listItem, networkItem } from './engine/echo.ts';
import { exec } from './engine/exec.ts';
import { start, stop, unpause } from './engine/lifecycle.ts';
import { Machine } from './engine/machine.ts';
import type { EngineProfile } from './engine/profiles.ts';
import type { Cause, SimContainer } from './engine/records.ts';
import { connect, createNetwork, disconnect, removeNetwork } from './engine/resources/networks.ts';
import { createVolume, removeVolume } from './engine/resources/volumes.ts';
import { drawFault, NO_FAULTS } from './faults.ts';
import { Monitors } from './monitors.ts';
import type { Random } from './random.ts';
import type { VirtualClock } from './virtual-clock.ts';

/** Virtual milliseconds that a call takes in all, at least and at most. Other calls take 1 to 5. */
const LATENCY: Readonly<Record<string, readonly [number, number]>> = {
  createContainer: [20, 150],
  startContainer: [80, 400],
  removeContainer: [20, 120],
  createNetwork: [30, 200],
  removeNetwork: [30, 200],
  connectNetwork: [10, 60],
  disconnectNetwork: [10, 60],
  putArchive: [5, 40],
  exec: [20, 300],
  updateContainer: [5, 40],
};

/**
 * A container engine in memory behind the EngineApi: latency, faults and monitors around the machine. `api` may be called for several
 * clients; a client that is not the agent under test is not judged by the monitors and meets no faults.
 */
export class SimulatedEngine {
  faults = NO_FAULTS;
  readonly machine: Machine;
  readonly monitors: Monitors;
  /** Calls of the agent so far, by function. */
  readonly calls: Record<string, number> = {};
  readonly #clock: VirtualClock;
  readonly #random: Random;

  constructor(clock: VirtualClock, random: Random, profile: EngineProfile, site = 'site') {
    this.#clock = clock;
    this.#random = random.fork('calls');
    this.machine = new Machine(clock, random, profile);
    this.monitors = new Monitors(this.machine, site);
  }

  /** Calls of the agent so far that were to change something. */
  get effects(): number {
    return Object.entries(this.calls).reduce((sum, [call, count]) => sum + (READS.has(call) ? 0 : count), 0);
  }

  api(cause: Cause = 'agent'): EngineApi {
    const { machine, monitors } = this;
    const judged = cause === 'agent';
    const find = (id: string): SimContainer => machine.find(id);

    const on = async <Result>(call: string, detail: string, act: () => Result | Promise<Result>): Promise<Result> => {
      const reads = READS.has(call);
      if (judged) {
        this.calls[call] = (this.calls[call] ?? 0) + 1;
        if (!reads) machine.onNote(`${cause}: ${call} ${detail}`);
      }
      const [least, most] = LATENCY[call] ?? [1, 5];
      const latency = this.#random.between(least, most);
      const life = machine.life;
      const mustAnswer = (): void => {
        if (!machine.answering || machine.life !== life) {
          throw new EngineError('unreachable', 'Cannot connect to the engine: it does not answer');
        }
      };
      const fault = judged ? drawFault(this.#random, this.faults, call, reads) : undefined;
      await this.#clock.sleep(latency / 2);
      mustAnswer();
      if (fault?.when === 'before') {
        machine.onNote(`  fault: ${call} refused`);
        throw fault.error;
      }
      const result = await act();
      await this.#clock.sleep(latency / 2);
      mustAnswer();
      if (fault) {
        machine.onNote(`  fault: answer of ${call} lost`);
        throw fault.error;
      }
      return result;
    };
    const touching = (call: string, id: string): SimContainer => {
      const container = find(id);
      if (judged) monitors.touches(call, container);
      return container;
    };
    const takingDown = (call: string, id: string): SimContainer => {
      const container = find(id);
      if (judged) monitors.takesDown(call, container);
      return container;
    };
    const named = (id: string): string => machine.containers.get(id)?.name ?? id.slice(0, 12);

    return {
      facts: () => on('facts', '', () => machine.profile.facts),
      listContainers: () =>
        on('listContainers', '', () => {
          if (judged) monitors.listed();
          return [...machine.containers.values()].map((container) =>
            machine.profile.dialect.fromListItem(listItem(machine, container)),
          );
        }),
      inspectContainer: (id) =>
        on('inspectContainer', id, () => machine.profile.dialect.fromInspect(inspectContainer(machine, find(id)))),
      createContainer: (name: string, body: CreateContainerBody) =>
        on('createContainer', name, () => {
          if (judged) monitors.creates(body, name);
          const created = createContainer(machine, name, body);
          if (judged) monitors.created(find(created.id));
          return created;
        }),
      startContainer: (id) =>
        on('startContainer', named(id), () => start(machine, touching('startContainer', id), cause)),
      stopContainer: (id, timeout) =>
        on('stopContainer', named(id), () => stop(machine, takingDown('stopContainer', id), cause, timeout)),
      unpauseContainer: (id) =>
        on('unpauseContainer', named(id), () => unpause(machine, touching('unpauseContainer', id))),
      renameContainer: (id, name) =>
        on('renameContainer', `${named(id)} to ${name}`, () =>
          renameContainer(machine, touching('renameContainer', id), name),
        ),
      removeContainer: (id, force) =>
        on('removeContainer', `${named(id)}${force ? ' by force' : ''}`, () => {
          if (!machine.containers.has(id)) return;
          const container = force ? takingDown('removeContainer', id) : touching('removeContainer', id);
          removeContainer(machine, container, force, cause);
        }),
      updateContainer: (id, changes) =>
        on('updateContainer', `${named(id)} ${JSON.stringify(changes)}`, () =>
          updateContainer(machine, touching('updateContainer', id), changes),
        ),
      putArchive: (id, tar) => on('putArchive', named(id), () => putArchive(touching('putArchive', id), tar)),

      exec: (id, body) =>
        on('exec', `${named(id)} ${body.Cmd.join(' ')}`, () => exec(machine, touching('exec', id), body)),

      lastOutput: (id) => on('lastOutput', named(id), () => find(id).output),

      listNetworks: () =>
        on('listNetworks', '', () =>
          [...machine.networks.values()].map((network) => machine.profile.dialect.fromNetwork(networkItem(network))),
        ),
      createNetwork: (body: NetworkBody) => on('createNetwork', body.Name, () => createNetwork(machine, body)),
      removeNetwork: (id) =>
        on('removeNetwork', machine.network(id)?.body.Name ?? id, () => {
          if (judged) monitors.removesNetwork(id);
          removeNetwork(machine, id);
        }),
      connectNetwork: (network, id, endpoint: EndpointBody) =>
        on('connectNetwork', `${named(id)} to ${network}`, () =>
          connect(machine, network, touching('connectNetwork', id), endpoint),
        ),
      disconnectNetwork: (network, id) =>
        on('disconnectNetwork', `${named(id)} from ${network}`, () =>
          disconnect(machine, network, touching('disconnectNetwork', id)),
        ),

      listVolumes: () =>
        on('listVolumes', '', () => [...machine.volumes.values()].map((one) => structuredClone(one.body))),
      createVolume: (body: VolumeBody) => on('createVolume', body.Name, () => createVolume(machine, body)),
      removeVolume: (name) =>
        on('removeVolume', name, () => {
          if (judged) monitors.removesVolume(name);
          removeVolume(machine, name);
        }),

      inspectImage: (reference) => on('inspectImage', reference, () => machine.images.inspect(reference)),
      pullImage: (reference, options: PullOptions) =>
        on('pullImage', reference, () => machine.images.pull(reference, options)),

      events: async (listener: EventListener, signal: AbortSignal) => {
        await this.#clock.sleep(1);
        if (!machine.answering)
          throw new EngineError('unreachable', 'Cannot connect to the engine: it does not answer');
        await machine.bus.open(listener, signal);
      },
      close: () => {},
    };
  }
}

const READS = new Set([
  'facts',
  'listContainers',
  'inspectContainer',
  'lastOutput',
  'listNetworks',
  'listVolumes',
  'inspectImage',
]);
