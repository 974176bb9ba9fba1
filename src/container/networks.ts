import type { ContainerSpec, EndpointSpec, IpamPool, NetworkSpec } from '../model/spec.ts';
import type { ContainerInspect, EndpointBody, NetworkBody } from './engine-api.ts';
import type { Json } from './json.ts';
import { usersLabels } from './labels/managed.ts';
import { present } from './present.ts';

/** The network that a container is created in: the one with the highest priority, then the first by name; undefined without networks. */
export function primaryNetwork(networks: ContainerSpec['Networks']): string | undefined {
  return Object.entries(networks ?? {})
    .sort(([a, left], [b, right]) => (right.Priority ?? 0) - (left.Priority ?? 0) || (a < b ? -1 : 1))
    .map(([name]) => name)[0];
}

/** The request that joins a network. The engine knows no Priority. */
export function endpointBody(endpoint: EndpointSpec): EndpointBody {
  const { Aliases, IPv4Address, IPv6Address, LinkLocalIPs, MacAddress, DriverOpts, Links, GwPriority } = endpoint;
  return present<EndpointBody>({
    Aliases: [...new Set(Aliases)].sort(),
    IPAMConfig: present({ IPv4Address, IPv6Address, LinkLocalIPs }),
    MacAddress,
    DriverOpts,
    Links,
    GwPriority,
  });
}

/** The container's endpoints by the network's name, without the one that its network mode implies. */
export function readEndpoints(inspect: ContainerInspect): Record<string, EndpointSpec> {
  const { Id, HostConfig } = inspect;
  const { NetworkMode } = HostConfig;
  const implied = new Set([
    'host',
    'none',
    ...(['', 'default', 'bridge'].includes(NetworkMode ?? '') ? ['bridge'] : []),
  ]);
  const found = connectedEndpoints(inspect).filter(([name]) => !implied.has(name));
  return Object.fromEntries(found.map(([name, body]) => [name, readEndpoint(body, Id)]));
}

/**
 * The endpoints that a container has, or will have when it starts. When Docker (20.10 and 28) refuses to connect a container that runs, it keeps
 * an entry without an endpoint's ID: that container is not connected.
 */
export function connectedEndpoints({ State, NetworkSettings }: ContainerInspect): [string, EndpointBody][] {
  const runs = State.Status === 'running' || State.Status === 'paused';
  return Object.entries(NetworkSettings?.Networks ?? {}).filter(([, { EndpointID }]) => !runs || Boolean(EndpointID));
}

/** Some engines, Docker before API 1.45 among them, put the start of the container's ID among the aliases. */
function readEndpoint(
  { Aliases, IPAMConfig, MacAddress, DriverOpts, Links, GwPriority }: EndpointBody,
  id: string,
): EndpointSpec {
  return present<EndpointSpec>({
    Aliases: [...new Set(Aliases)].filter((alias) => alias !== id.slice(0, 12)).sort(),
    IPv4Address: IPAMConfig?.IPv4Address,
    IPv6Address: IPAMConfig?.IPv6Address,
    LinkLocalIPs: IPAMConfig?.LinkLocalIPs,
    MacAddress,
    DriverOpts,
    Links: [...new Set(Links)].sort(),
    GwPriority,
  });
}

/** The request that makes a network with these labels of ownership. */
export function networkBody(spec: NetworkSpec, labels: Record<string, string>): NetworkBody {
  const { Name, Driver = 'bridge', DriverOpts, Internal, Attachable, EnableIPv4, EnableIPv6, IPAM } = spec;
  return {
    Name,
    // Without it Docker before API 1.44 makes a second network of the same name.
    CheckDuplicate: true,
    Driver,
    ...present({ Options: DriverOpts, Internal, Attachable, EnableIPv6 }),
    ...(EnableIPv4 !== undefined && { EnableIPv4 }),
    ...(IPAM && { IPAM: { ...present(IPAM), Driver: IPAM.Driver ?? 'default' } }),
    Labels: { ...spec.Labels, ...labels },
  };
}

/** A network as it could have been asked for. The labels of ownership are left out: they are in `owner`. */
export function readNetwork(network: NetworkBody): NetworkSpec {
  const { Name, Driver, Options, Internal, Attachable, EnableIPv4, EnableIPv6, IPAM, Labels } = network;
  return {
    ...(present({ Name, Driver, DriverOpts: Options, Internal, Attachable, EnableIPv6 }) as NetworkSpec),
    ...(EnableIPv4 === false && { EnableIPv4 }),
    ...(IPAM && { IPAM: present<NonNullable<NetworkSpec['IPAM']>>(IPAM) }),
    ...present({ Labels: usersLabels(Labels) }),
  };
}

/** An address pool without the parts that the engine chooses if they are not given. */
export const poolAs = (pool: IpamPool, asked: IpamPool | undefined): Json => ({
  subnet: asked?.Subnet ? pool.Subnet : undefined,
  range: asked?.IPRange ? pool.IPRange : undefined,
  gateway: asked?.Gateway ? pool.Gateway : undefined,
  reserved: asked?.AuxiliaryAddresses ? { ...pool.AuxiliaryAddresses } : undefined,
});
