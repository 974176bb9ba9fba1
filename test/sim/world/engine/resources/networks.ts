import type { EndpointBody, NetworkBody } from '../../../../../src/container/engine-api.ts';
import { EngineError } from '../../../../../src/lib/errors.ts';
import { deepFreeze } from '../../freeze.ts';
import type { Machine } from '../machine.ts';
import { hasProcess, isRefused, type SimContainer, type SimEndpoint, type SimNetwork } from '../records.ts';
import { claimAddresses } from './addresses.ts';

const SYSTEM = new Set(['bridge', 'host', 'none']);

export const isSystemNetwork = (name: string): boolean => SYSTEM.has(name) || name === 'default';

export function createNetwork(machine: Machine, body: NetworkBody): string {
  if (machine.network(body.Name)) throw new EngineError('nameTaken', `network with name ${body.Name} already exists`);
  const subnets = (body.IPAM?.Config ?? []).flatMap((pool) => pool.Subnet ?? []);
  for (const other of machine.networks.values()) {
    for (const pool of other.body.IPAM?.Config ?? []) {
      if (pool.Subnet !== undefined && subnets.some((subnet) => overlap(subnet, pool.Subnet ?? ''))) {
        throw new EngineError('conflict', 'Pool overlaps with other one on this address space');
      }
    }
  }
  const id = machine.random.hex(64);
  machine.networks.set(id, { id, body: { ...structuredClone(body), Driver: body.Driver ?? 'bridge' } });
  machine.onNote(`network ${body.Name} created`);
  machine.bus.emit('network', 'create', id, { name: body.Name, type: body.Driver ?? 'bridge' });
  return id;
}

/** Refuses while a running container has an endpoint on it; only Podman lets stopped ones hold it, too. */
export function removeNetwork(machine: Machine, reference: string): void {
  const network = machine.network(reference);
  if (!network) return;
  if (SYSTEM.has(network.body.Name)) throw new EngineError('invalid', `${network.body.Name} is a pre-defined network`);
  const users = [...machine.containers.values()].filter(
    (one) => (hasProcess(one) || machine.profile.stoppedHoldNetworks) && endpointOn(one, network),
  );
  if (users.length > 0) {
    throw new EngineError(
      'conflict',
      `error while removing network: network ${network.body.Name} has active endpoints`,
    );
  }
  machine.networks.delete(network.id);
  machine.onNote(`network ${network.body.Name} removed`);
  machine.bus.emit('network', 'destroy', network.id, { name: network.body.Name, type: network.body.Driver ?? '' });
}

export function connect(machine: Machine, reference: string, container: SimContainer, asked: EndpointBody): void {
  const network = machine.network(reference);
  if (!network) throw new EngineError('notFound', `network ${reference} not found`);
  const mode = container.body.HostConfig.NetworkMode ?? 'default';
  if (mode === 'host' || mode === 'none' || mode.startsWith('container:')) {
    throw new EngineError('conflict', `a container with network mode ${mode} cannot be connected to a network`);
  }
  const existing = container.endpoints.get(network.body.Name);
  if (existing && !isRefused(container, existing)) return;
  const endpoint: SimEndpoint = { networkId: '', asked: deepFreeze(structuredClone(asked)), ip: '', ip6: '' };
  // A container that Docker refuses to connect while it runs keeps the entry, without an endpoint behind it.
  if (machine.profile.keepsRefusedEndpoints) container.endpoints.set(network.body.Name, endpoint);
  if (hasProcess(container)) attach(machine, container, network, endpoint);
  container.endpoints.set(network.body.Name, endpoint);
  say(machine, 'connect', network, container);
}

export function disconnect(machine: Machine, reference: string, container: SimContainer): void {
  const name = machine.network(reference)?.body.Name ?? reference;
  const endpoint = container.endpoints.get(name);
  if (!endpoint || isRefused(container, endpoint)) return;
  container.endpoints.delete(name);
  const network = machine.network(name);
  if (network) say(machine, 'disconnect', network, container);
}

/** At a start: every endpoint gets its network and address, or the start fails. */
export function attachAll(machine: Machine, container: SimContainer): void {
  for (const [name, endpoint] of container.endpoints) {
    // An endpoint remembers its network's ID: a new one under the same name is another.
    const reference = endpoint.networkId !== '' && !isSystemNetwork(name) ? endpoint.networkId : name;
    const network = machine.network(reference);
    if (!network) throw new EngineError('startFailed', `network ${reference} not found`);
    attach(machine, container, network, endpoint);
  }
  for (const name of container.endpoints.keys()) {
    const network = machine.network(name);
    if (network) say(machine, 'connect', network, container);
  }
}

/** At an exit: addresses are given back; which networks it belongs to stays. */
export function detachAll(machine: Machine, container: SimContainer): void {
  for (const [name, endpoint] of container.endpoints) {
    endpoint.ip = '';
    endpoint.ip6 = '';
    const network = machine.network(name);
    if (network) say(machine, 'disconnect', network, container);
  }
}

function attach(machine: Machine, container: SimContainer, network: SimNetwork, endpoint: SimEndpoint): void {
  Object.assign(endpoint, claimAddresses(machine, container, network, endpoint), { networkId: network.id });
}

function endpointOn(container: SimContainer, network: SimNetwork): SimEndpoint | undefined {
  const endpoint = container.endpoints.get(network.body.Name);
  if (!endpoint || isRefused(container, endpoint)) return undefined;
  return endpoint.networkId === network.id || endpoint.networkId === '' ? endpoint : undefined;
}

function say(machine: Machine, action: 'connect' | 'disconnect', network: SimNetwork, container: SimContainer): void {
  // Network events carry no labels of the container.
  const podman = machine.profile.facts.product === 'Podman';
  const attributes: Record<string, string> = podman
    ? { name: container.name }
    : { container: container.id, name: network.body.Name, type: network.body.Driver ?? 'bridge' };
  const times = action === 'disconnect' && machine.profile.disconnectsTwice ? 2 : 1;
  for (let time = 0; time < times; time += 1) {
    machine.bus.emit('network', action, podman ? container.id : network.id, attributes);
  }
}

/** Two IPv4 prefixes that share an address. */
function overlap(a: string, b: string): boolean {
  const [first, second] = [prefix(a), prefix(b)];
  if (!first || !second) return a === b;
  const bits = Math.min(first.bits, second.bits);
  const mask = bits === 0 ? 0 : (-1 << (32 - bits)) >>> 0;
  return (first.base & mask) === (second.base & mask);
}

function prefix(text: string): { base: number; bits: number } | undefined {
  const match = /^(\d+)\.(\d+)\.(\d+)\.(\d+)\/(\d+)$/.exec(text);
  if (!match) return undefined;
  const [a, b, c, d, bits] = match.slice(1).map(Number) as [number, number, number, number, number];
  return { base: ((a << 24) | (b << 16) | (c << 8) | d) >>> 0, bits };
}
