import type { Position } from '../../lib/errors.ts';
import { entryOf } from '../../yaml/node.ts';
import { updatePolicyOf } from '../keys/deploy.ts';
import type { ServiceNetwork } from '../keys/host/service-networks.ts';
import type { Declared } from '../keys/project.ts';
import type { ServiceKeys } from '../keys/service-keys.ts';

/** Something that only one of two containers can have. */
interface Conflict {
  at: Position;
  what: string;
  hint: string;
}

/** Why the old container of a service and the new one cannot run side by side, as `order: start-first` asks; none where it does not. */
export function startFirstConflicts(
  service: Declared<ServiceKeys>,
  replicas: number,
  networks: readonly ServiceNetwork[],
): Conflict[] {
  const { keys } = service;
  const update = updatePolicyOf(keys.deploy);
  if (update?.order !== 'start-first') return [];
  const found: Conflict[] = [];
  const placeOf = (key: string): Position => entryOf(service.node, key)?.keyAt ?? service.at;

  const atOnce = update.parallelism === 0 ? replicas : Math.min(update.parallelism, replicas);
  for (const { HostPort, at } of keys.ports ?? []) {
    if (HostPort === '') continue;
    const [first = 0, last = first] = HostPort.split('-').map(Number);
    const need = replicas + atOnce;
    if (last - first + 1 >= need) continue;
    const hint = `leave the host port to the engine, give a range of at least ${need}, or say order: stop-first`;
    found.push({ at, what: `the host port ${HostPort}`, hint });
  }
  const addressed = {
    what: 'an address of its own',
    hint: 'leave the address to the engine, or say order: stop-first',
  };
  for (const { at, endpoint } of networks) {
    const { IPv4Address, IPv6Address, LinkLocalIPs, MacAddress } = endpoint;
    if (IPv4Address || IPv6Address || LinkLocalIPs?.length || MacAddress) found.push({ at, ...addressed });
  }
  if (keys.mac_address) found.push({ at: placeOf('mac_address'), ...addressed });
  const mode = keys.network_mode;
  if (mode === 'host' || /^(service|container):/.test(mode ?? '')) {
    const hint =
      'both would want the same ports, and the health check of one could ask the other; give the service networks';
    found.push({ at: placeOf('network_mode'), what: `network_mode ${mode}`, hint });
  }
  return found;
}
