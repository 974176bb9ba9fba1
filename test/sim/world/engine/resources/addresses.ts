import { EngineError } from '../../../../../src/lib/errors.ts';
import { sameSpelling } from '../../../../../src/lib/host/ip-address.ts';
import type { Machine } from '../machine.ts';
import { hasProcess, type SimContainer, type SimEndpoint, type SimNetwork } from '../records.ts';

/**
 * The addresses of an endpoint that comes up: those that were asked for, or the next one that is free. Throws where another container that runs
 * has one of them, or where the network has no such address.
 */
export function claimAddresses(
  machine: Machine,
  container: SimContainer,
  network: SimNetwork,
  { asked }: SimEndpoint,
): { ip: string; ip6: string } {
  const taken = new Set<string>();
  for (const other of machine.containers.values()) {
    const theirs = other.endpoints.get(network.body.Name);
    if (other === container || !hasProcess(other) || theirs?.networkId !== network.id) continue;
    taken.add(theirs.ip);
    if (theirs.ip6 !== '') taken.add(theirs.ip6);
  }
  const [wanted, wanted6] = [asked.IPAMConfig?.IPv4Address, asked.IPAMConfig?.IPv6Address].map((address) =>
    sameSpelling(address ?? ''),
  ) as [string, string];
  if (wanted !== '' || wanted6 !== '') checkAsked(network, [wanted, wanted6].filter(Boolean), taken);
  return { ip: wanted || nextFree(network, taken), ip6: wanted6 };
}

function checkAsked(network: SimNetwork, wanted: string[], taken: ReadonlySet<string>): void {
  const pools = subnetsOf(network);
  if (pools.length === 0) {
    throw new EngineError(
      'invalid',
      'user specified IP address is supported only when connecting to networks with user configured subnets',
    );
  }
  for (const address of wanted) {
    if (!address.includes(':') && !pools.some((pool) => address.startsWith(prefixOf(pool)))) {
      throw new EngineError('invalid', `no configured subnet or ip-range contain the IP address ${address}`);
    }
    if (taken.has(address)) throw new EngineError('conflict', 'Address already in use');
  }
}

/** Pools of the simulation are of 24 bits, or as good as. */
function nextFree(network: SimNetwork, taken: ReadonlySet<string>): string {
  const pool = subnetsOf(network).find((subnet) => !subnet.includes(':')) ?? '172.20.0.0/24';
  let last = 2;
  while (taken.has(`${prefixOf(pool)}${last}`)) last += 1;
  return `${prefixOf(pool)}${last}`;
}

const subnetsOf = ({ body }: SimNetwork): string[] => (body.IPAM?.Config ?? []).flatMap(({ Subnet }) => Subnet ?? []);

/** `10.1.2.` of `10.1.2.0/24`. */
const prefixOf = (subnet: string): string => subnet.slice(0, subnet.lastIndexOf('.') + 1);
