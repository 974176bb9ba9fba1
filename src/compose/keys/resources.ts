import {
  type Decoded,
  type Decoder,
  flag,
  list,
  map,
  noted,
  optionRecord,
  record,
  refused,
  stringRecord,
  text,
} from './decode.ts';
import { labels } from './host/host-settings.ts';

/** What the top level of a Compose file declares besides services. */

/** `external`: true, or in the old form a mapping that names it. */
const external: Decoder<{ external: boolean; name?: string }> = (node, report) => {
  if (node.kind !== 'mapping') return map(flag, (value) => ({ external: value }))(node, report);
  const read = record('external', { name: text })(node, report);
  return read && { external: true, ...(read.name && { name: read.name }) };
};

export const NETWORK_KEYS = {
  name: text,
  driver: text,
  driver_opts: optionRecord,
  internal: flag,
  attachable: flag,
  enable_ipv4: flag,
  enable_ipv6: flag,
  external,
  labels,
  ipam: record('ipam', {
    driver: text,
    config: list(record('ipam.config', { subnet: text, ip_range: text, gateway: text, aux_addresses: optionRecord })),
    options: noted('Docker Compose does not hand them to the engine either', optionRecord),
  }),
};

export const VOLUME_KEYS = { name: text, driver: text, driver_opts: optionRecord, external, labels };

const SWARM = 'it is for Swarm, which alone keeps such things in the engine';

/** Configs and secrets alike. */
export const FILE_KEYS = {
  name: text,
  file: text,
  environment: text,
  content: text,
  external: refused(SWARM),
  labels: noted(SWARM, stringRecord),
  driver: refused(SWARM),
  driver_opts: refused(SWARM),
  template_driver: noted(SWARM, text),
};

export type NetworkKeys = Decoded<typeof NETWORK_KEYS>;
export type VolumeKeys = Decoded<typeof VOLUME_KEYS>;
export type FileKeys = Decoded<typeof FILE_KEYS>;

/** The top level itself. `version` is accepted and means nothing. */
export const TOP_KEYS = {
  version: text,
  name: text,
  services: {},
  networks: {},
  volumes: {},
  configs: {},
  secrets: {},
  models: refused('sites run containers only; run the model as a service of its own'),
};
