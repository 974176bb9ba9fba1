import { type Decoder, flag, list, map, optionRecord, stringRecord, text } from './decode.ts';
import { labels } from './host/host-settings.ts';
import { type Decoded, noted, record, refused } from './record.ts';

/** The keys of everything but services that the top level of a Compose file declares. */

/** Reads `external`: true, or in the old form a mapping with the name. */
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
    options: noted('Docker Compose does not send them to the engine either', optionRecord),
  }),
};

export const VOLUME_KEYS = { name: text, driver: text, driver_opts: optionRecord, external, labels };

const SWARM = 'it is for Swarm; only Swarm stores such objects in the engine';

/** Keys of configs and secrets. */
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

/** Keys of the top level. `version` has no effect. */
export const TOP_KEYS = {
  version: text,
  name: text,
  services: {},
  networks: {},
  volumes: {},
  configs: {},
  secrets: {},
  models: refused('sites run only containers; run the model as a separate service'),
};
