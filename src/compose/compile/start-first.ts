import type { Position } from '../../lib/errors.ts';
import { entryOf } from '../../yaml/node.ts';
import { updatePolicyOf } from '../keys/deploy.ts';
import type { ServiceNetwork } from '../keys/host/service-networks.ts';
import type { Declared } from '../keys/project.ts';
import type { ServiceKeys } from '../keys/service-keys.ts';

/** A thing that only one of two containers can have. */
interface Conflict {
  at: Position;
  what: string;
  hint: string;
}

/** The reasons why the old and the new container of a service cannot run at the same time; an empty list without `order: start-first`. */
export function startFirstConflicts(
  service: Declared<ServiceKeys>,
  replicas: number,
  networks: readonly ServiceNetwork[],
): Conflict[] {
  const { keys } = service;
  const update = updatePolicyOf(keys.deploy);
  if (update?.order !== 'start-first') return [];
  const found: Conflict[] = [];
  const positionOf = (key: string): Position => entryOf(service.node, key)?.keyAt ?? service.at;

  const atOnce = update.parallelism === 0 ? replicas : Math.min(update.parallelism, replicas);
  for (const { HostPort, at } of keys.ports ?? []) {
    if (HostPort === '') continue;
    const [first = 0, last = first] = HostPort.split('-').map(Number);
    const need = replicas + atOnce;
    if (last - first + 1 >= need) continue;
    const hint = `leave the host port to the engine, give a range of at least ${need}, or set order: stop-first`;
    found.push({ at, what: `the host port ${HostPort}`, hint });
  }
  const addressed = {
    what: 'a static address',
    hint: 'leave the address to the engine, or set order: stop-first',
  };
  for (const { at, endpoint } of networks) {
    const { IPv4Address, IPv6Address, LinkLocalIPs, MacAddress } = endpoint;
    if (IPv4Address || IPv6Address || LinkLocalIPs?.length || MacAddress) found.push({ at, ...addressed });
  }
  if (keys.mac_address) found.push({ at: positionOf('mac_address'), ...addressed });
  const mode = keys.network_mode;
  if (mode === 'host' || /^(service|container):/.test(mode ?? '')) {
    const hint =
      'both need the same ports, and the health check of one could reach the other; give the service networks';
    found.push({ at: positionOf('network_mode'), what: `network_mode ${mode}`, hint });
  }
  return found;
}
