import type { EndpointSpec, IpamPool, NetworkSpec } from '../../model/spec.ts';
import type { DesiredNetwork } from '../../model/state.ts';
import { type Around, type Ask, asksOf, type ClassesOf, type PlacedAsk } from '../asks.ts';

const options = (given: Record<string, string>, where: string): Ask[] =>
  Object.entries(given).map(([name, value]) => ({
    rule: 'networkOptions',
    value: `${name}=${value}`,
    words: `networks: ${where}: driver_opts ${name}`,
  }));

interface AroundNetwork extends Around {
  key: string;
}

const driver = (name: string, { key }: AroundNetwork): Ask[] =>
  ['', 'default'].includes(name)
    ? []
    : [{ rule: 'networkDrivers', value: name, words: `networks: driver ${name} of ${key}` }];

const POOL = {
  Subnet: (value, { key }) => [{ rule: 'subnets', value, words: `networks: subnet ${value} of ${key}` }],
  // They lie in the subnet, or the engine refuses them.
  IPRange: 'harmless',
  Gateway: 'harmless',
  AuxiliaryAddresses: 'harmless',
} satisfies ClassesOf<IpamPool, AroundNetwork>;

const IPAM = {
  Driver: driver,
  Options: (given, { key }) => options(given, `ipam of ${key}`),
  Config: (pools, around) => pools.flatMap((pool) => asksOf<IpamPool, AroundNetwork>(POOL, pool, around)),
} satisfies ClassesOf<NonNullable<NetworkSpec['IPAM']>, AroundNetwork>;

const NETWORK = {
  Name: 'structure',
  Driver: driver,
  DriverOpts: (given, { key }) => options(given, key),
  Internal: 'harmless',
  Attachable: 'harmless',
  EnableIPv4: 'harmless',
  EnableIPv6: 'harmless',
  IPAM: (ipam, around) => asksOf<NonNullable<NetworkSpec['IPAM']>, AroundNetwork>(IPAM, ipam, around),
  Labels: 'harmless',
} satisfies ClassesOf<NetworkSpec, AroundNetwork>;

/** A network that is not called APP_KEY may be somebody else's, also where the file does not call it external. */
const isForeign = ({ key, external, spec }: DesiredNetwork, { app }: Around): boolean =>
  external || spec.Name !== `${app.name}_${key}`;

interface AroundDeclared extends Around {
  network: DesiredNetwork;
}

const DECLARED = {
  key: (key, { network, ...around }) =>
    isForeign(network, around)
      ? [foreign(network.spec.Name, `networks: ${key}, which is the network ${network.spec.Name}`)]
      : [],
  external: 'structure',
  spec: (spec, { network: { key }, ...around }) => [
    ...hostNetwork(spec.Name),
    ...asksOf<NetworkSpec, AroundNetwork>(NETWORK, spec, { ...around, key }),
  ],
} satisfies ClassesOf<DesiredNetwork, AroundDeclared>;

export const networkAsks = (network: DesiredNetwork, around: Around): PlacedAsk[] =>
  asksOf<DesiredNetwork, AroundDeclared>(DECLARED, network, { ...around, network }).map((ask) => ({
    ...ask,
    resource: { kind: 'networks', key: network.key },
  }));

const foreign = (value: string, words: string): Ask => ({ rule: 'externalNetworks', value, words });

/** The engine has a network of that name, which is the host's. */
const hostNetwork = (name: string): Ask[] =>
  name === 'host' ? [{ rule: 'hostNamespaces', value: 'network', words: 'networks: host' }] : [];

const ENDPOINT = {
  Aliases: 'harmless',
  IPv4Address: 'harmless',
  IPv6Address: 'harmless',
  LinkLocalIPs: 'harmless',
  MacAddress: 'harmless',
  DriverOpts: (given, { key }) => options(given, key),
  Links: 'harmless',
  GwPriority: 'harmless',
  Priority: 'harmless',
} satisfies ClassesOf<EndpointSpec, AroundNetwork>;

/** The endpoints of a container. Each network of the app is looked at by itself. */
export const endpointAsks = (endpoints: Record<string, EndpointSpec>, around: Around): Ask[] =>
  Object.entries(endpoints).flatMap(([name, endpoint]) => [
    ...(around.app.networks.some(({ spec }) => spec.Name === name)
      ? []
      : [foreign(name, `networks: ${name}`), ...hostNetwork(name)]),
    ...asksOf<EndpointSpec, AroundNetwork>(ENDPOINT, endpoint, { ...around, key: name }),
  ]);
