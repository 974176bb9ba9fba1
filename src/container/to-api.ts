import { own } from '../lib/maps/own.ts';
import type { ContainerSpec, EndpointSpec } from '../model/spec.ts';
import type { CreateContainerBody } from './engine-api.ts';
import type { Surroundings } from './fields/row/field.ts';
import { FIELDS } from './fields/table.ts';
import { endpointBody, primaryNetwork } from './networks.ts';

export interface CreateRequest extends Surroundings {
  spec: ContainerSpec;
  /** The labels of ownership; they win over the user's. */
  labels: Record<string, string>;
  /** The engine takes several networks in this call; otherwise only the primary one is named. */
  networksAtCreate: boolean;
}

/** The body of the one call that creates a container. */
export function createBody({ spec, labels, networksAtCreate, ...around }: CreateRequest): CreateContainerBody {
  // Attached as Compose does it: `docker start -a` needs it.
  const body: CreateContainerBody = { Image: spec.Image, AttachStdout: true, AttachStderr: true, HostConfig: {} };
  for (const field of FIELDS) field.write(spec, body, around);
  body.Labels = { ...body.Labels, ...labels };

  const primary = primaryNetwork(spec.Networks);
  const networks = Object.entries(spec.Networks ?? {}).filter(([name]) => networksAtCreate || name === primary);
  // An engine that takes one network at create reads its MAC address from the container.
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

/** The body of `docker update` for these keys. Memory is sent with its swap: an engine refuses memory above the old swap limit. */
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
