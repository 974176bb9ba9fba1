import type { ContainerSpec, EndpointSpec, IpamPool, NetworkSpec } from '../model/spec.ts';
import type { ContainerInspect, EndpointBody, NetworkBody } from './engine-api.ts';
import type { Json } from './json.ts';
import { isManagedLabel } from './labels/managed.ts';

/** The network that a container is created in: the highest priority, then the first by name. undefined for none. */
export function primaryNetwork(networks: ContainerSpec['Networks']): string | undefined {
  return Object.entries(networks ?? {})
    .sort(([a, left], [b, right]) => (right.Priority ?? 0) - (left.Priority ?? 0) || (a < b ? -1 : 1))
    .map(([name]) => name)[0];
}

/** What joining a network takes. Priority is not the engine's. */
export function endpointBody({
  Aliases,
  IPv4Address,
  IPv6Address,
  LinkLocalIPs,
  MacAddress,
  DriverOpts,
  Links,
  GwPriority,
}: EndpointSpec): EndpointBody {
  const addresses = {
    ...(IPv4Address && { IPv4Address }),
    ...(IPv6Address && { IPv6Address }),
    ...(LinkLocalIPs?.length && { LinkLocalIPs }),
  };
  return {
    ...(Aliases?.length && { Aliases: [...new Set(Aliases)].sort() }),
    ...(Object.keys(addresses).length > 0 && { IPAMConfig: addresses }),
    ...(MacAddress && { MacAddress }),
    ...(DriverOpts && { DriverOpts }),
    ...(Links?.length && { Links }),
    ...(GwPriority && { GwPriority }),
  };
}

/** The container's endpoints by the network's name, but for the one that its network mode stands for. */
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
  const aliases = [...new Set(Aliases ?? [])].filter((alias) => alias !== id.slice(0, 12)).sort();
  return {
    ...(aliases.length > 0 && { Aliases: aliases }),
    ...(IPAMConfig?.IPv4Address && { IPv4Address: IPAMConfig.IPv4Address }),
    ...(IPAMConfig?.IPv6Address && { IPv6Address: IPAMConfig.IPv6Address }),
    ...(IPAMConfig?.LinkLocalIPs?.length && { LinkLocalIPs: IPAMConfig.LinkLocalIPs }),
    ...(MacAddress && { MacAddress }),
    ...(DriverOpts && Object.keys(DriverOpts).length > 0 && { DriverOpts }),
    ...(Links?.length && { Links: [...new Set(Links)].sort() }),
    ...(GwPriority && { GwPriority }),
  };
}

/** The request that makes a network with these labels of ownership. */
export function networkBody(spec: NetworkSpec, labels: Record<string, string>): NetworkBody {
  const { Name, Driver, DriverOpts, Internal, Attachable, EnableIPv4, EnableIPv6, IPAM } = spec;
  return {
    Name,
    // Without it Docker before API 1.44 makes a second network of the same name.
    CheckDuplicate: true,
    Driver: Driver ?? 'bridge',
    ...(DriverOpts && { Options: DriverOpts }),
    ...(Internal && { Internal }),
    ...(Attachable && { Attachable }),
    ...(EnableIPv4 !== undefined && { EnableIPv4 }),
    ...(EnableIPv6 && { EnableIPv6 }),
    ...(IPAM && {
      IPAM: {
        Driver: IPAM.Driver ?? 'default',
        ...(IPAM.Options && { Options: IPAM.Options }),
        ...(IPAM.Config && { Config: IPAM.Config }),
      },
    }),
    Labels: { ...spec.Labels, ...labels },
  };
}

/** Labels of ownership are left out: they are in `owner`. */
export function readNetwork({
  Name,
  Driver,
  Options,
  Internal,
  Attachable,
  EnableIPv4,
  EnableIPv6,
  IPAM,
  Labels,
}: NetworkBody): NetworkSpec {
  const labels = Object.fromEntries(Object.entries(Labels ?? {}).filter(([name]) => !isManagedLabel(name)));
  return {
    Name,
    ...(Driver && { Driver }),
    ...(some(Options) && { DriverOpts: some(Options) }),
    ...(Internal && { Internal }),
    ...(Attachable && { Attachable }),
    ...(EnableIPv4 === false && { EnableIPv4 }),
    ...(EnableIPv6 && { EnableIPv6 }),
    ...(IPAM && {
      IPAM: {
        ...(IPAM.Driver && { Driver: IPAM.Driver }),
        ...(some(IPAM.Options) && { Options: some(IPAM.Options) }),
        ...(IPAM.Config?.length && { Config: IPAM.Config }),
      },
    }),
    ...(some(labels) && { Labels: labels }),
  } as NetworkSpec;
}

const some = (map: Record<string, string> | null | undefined): Record<string, string> | undefined =>
  map && Object.keys(map).length > 0 ? map : undefined;

/** An address pool without what the engine chooses when it is not given. */
export const poolAs = (pool: IpamPool, asked: IpamPool | undefined): Json => ({
  subnet: asked?.Subnet ? pool.Subnet : undefined,
  range: asked?.IPRange ? pool.IPRange : undefined,
  gateway: asked?.Gateway ? pool.Gateway : undefined,
  reserved: asked?.AuxiliaryAddresses ? { ...pool.AuxiliaryAddresses } : undefined,
});
