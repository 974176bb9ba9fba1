import { atLeast } from '../lib/api-version.ts';
import {
  type ContainerSpec,
  type EndpointSpec,
  INTERFACE_OPTION,
  type MountSpec,
  type NetworkSpec,
} from '../model/spec.ts';
import type { EngineFacts } from '../model/state.ts';
import { primaryNetwork } from './networks.ts';

/**
 * A key that older engines do not know. Most ignore it, and the container would not be what was asked for; so Holdfast refuses the key before
 * it touches anything. Source: the Engine API's version history.
 */
interface Requirement<Spec> {
  /** The key as people write it. */
  key: string;
  /** The first version of the API that has it, and the first Docker that speaks it. */
  api: string;
  docker: string;
  isIn(spec: Spec): boolean;
}

const someMount = (test: (mount: MountSpec) => boolean) => (spec: ContainerSpec) => (spec.Mounts ?? []).some(test);
const someEndpoint = (test: (endpoint: EndpointSpec) => boolean) => (spec: ContainerSpec) =>
  Object.values(spec.Networks ?? {}).some(test);

const OF_CONTAINERS: Requirement<ContainerSpec>[] = [
  { key: 'links', api: '1.22', docker: '1.10', isIn: someEndpoint(({ Links }) => Boolean(Links?.length)) },
  {
    key: 'security_opt: systempaths=unconfined',
    api: '1.38',
    docker: '18.09',
    isIn: ({ SecurityOpt = [] }) => SecurityOpt.some((option) => /^systempaths[=:]unconfined$/.test(option)),
  },
  {
    key: 'healthcheck.start_interval',
    api: '1.44',
    docker: '25.0',
    isIn: ({ Healthcheck }) => Boolean(Healthcheck?.StartInterval),
  },
  {
    key: 'volumes.bind.recursive',
    api: '1.44',
    docker: '25.0',
    isIn: someMount(({ Recursive }) => Recursive === 'writable' || Recursive === 'readonly'),
  },
  {
    key: 'networks.mac_address on any but the first network',
    api: '1.44',
    docker: '25.0',
    isIn: ({ Networks = {} }) =>
      Object.entries(Networks).some(([name, { MacAddress }]) => MacAddress && name !== primaryNetwork(Networks)),
  },
  {
    key: 'volumes.volume.subpath',
    api: '1.45',
    docker: '26.0',
    isIn: someMount(({ Type, Subpath }) => Type === 'volume' && Boolean(Subpath)),
  },
  { key: 'volumes of type image', api: '1.48', docker: '28.0', isIn: someMount(({ Type }) => Type === 'image') },
  {
    key: 'networks.gw_priority',
    api: '1.48',
    docker: '28.0',
    isIn: someEndpoint(({ GwPriority }) => Boolean(GwPriority)),
  },
  {
    key: 'networks.interface_name',
    api: '1.49',
    docker: '28.1',
    isIn: someEndpoint(({ DriverOpts }) => Boolean(DriverOpts && INTERFACE_OPTION in DriverOpts)),
  },
];

const OF_NETWORKS: Requirement<NetworkSpec>[] = [
  { key: 'enable_ipv4: false', api: '1.48', docker: '28.0', isIn: ({ EnableIPv4 }) => EnableIPv4 === false },
];

/** The keys of a container's spec that the engine is too old for, in words; undefined when there are none. */
export const lacksForContainer = (spec: ContainerSpec, engine: EngineFacts): string | undefined =>
  lacks(OF_CONTAINERS, spec, engine);

/** The same for a network. */
export const lacksForNetwork = (spec: NetworkSpec, engine: EngineFacts): string | undefined =>
  lacks(OF_NETWORKS, spec, engine);

function lacks<Spec>(requirements: Requirement<Spec>[], spec: Spec, engine: EngineFacts): string | undefined {
  const { product, version, apiVersion, can } = engine;
  const lacksAll = can.quirks.includes('lacksLaterKeys');
  const missing = requirements.filter(({ api, isIn }) => isIn(spec) && (lacksAll || !atLeast(apiVersion, api)));
  if (missing.length === 0) return undefined;
  const needed = missing.map(({ key, docker, api }) => `${key} needs Docker ${docker} (API ${api})`);
  return `${needed.join(', and ')}; the engine is ${product} ${version} (API ${apiVersion})`;
}
