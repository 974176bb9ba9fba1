import { own } from '../lib/own.ts';
import type { ContainerSpec, EndpointSpec } from '../model/spec.ts';
import type { CreateContainerBody } from './engine-api.ts';
import type { Surroundings } from './fields/field.ts';
import { FIELDS } from './fields/table.ts';
import { endpointBody, primaryNetwork } from './networks.ts';

export interface CreateRequest extends Surroundings {
  spec: ContainerSpec;
  /** Of ownership; laid over the user's. */
  labels: Record<string, string>;
  /** The engine takes several networks in the one call; else only the primary one is asked for. */
  networksAtCreate: boolean;
}

/** The body of the one call that creates a container. */
export function createBody({ spec, labels, networksAtCreate, ...around }: CreateRequest): CreateContainerBody {
  // Output is attached as Compose has it; `docker start -a` needs it.
  const body: CreateContainerBody = { Image: spec.Image, AttachStdout: true, AttachStderr: true, HostConfig: {} };
  for (const field of FIELDS) field.write(spec, body, around);
  body.Labels = { ...body.Labels, ...labels };

  const primary = primaryNetwork(spec.Networks);
  const networks = Object.entries(spec.Networks ?? {}).filter(([name]) => networksAtCreate || name === primary);
  // An engine that takes one network at create has the container's own MAC address for it.
  const mac = primary === undefined || networksAtCreate ? undefined : own(spec.Networks, primary)?.MacAddress;
  if (mac) body.MacAddress = mac;
  const join = ({ MacAddress, ...endpoint }: EndpointSpec) =>
    endpointBody({ ...endpoint, ...(MacAddress && networksAtCreate && { MacAddress }) });
  if (networks.length > 0) {
    body.NetworkingConfig = {
      EndpointsConfig: Object.fromEntries(networks.map(([name, endpoint]) => [name, join(endpoint)])),
    };
  }
  return body;
}

/** What `docker update` is sent for these keys. Memory needs its swap beside it: raised alone past the old swap limit it is refused. */
export function updateBody(changes: Partial<ContainerSpec>): Record<string, unknown> {
  const body: CreateContainerBody = { HostConfig: {} };
  const spec = { Image: '', ...changes };
  for (const field of FIELDS) {
    if (field.inPlace && field.name in changes) field.write(spec, body, { joins: {}, inherit: {} });
  }
  const { RestartPolicy, Memory, MemorySwap } = changes;
  return {
    ...body.HostConfig,
    ...('RestartPolicy' in changes && { RestartPolicy: RestartPolicy ?? { Name: 'no' } }),
    ...(Memory && MemorySwap === undefined && { MemorySwap: 2 * Memory }),
  };
}
