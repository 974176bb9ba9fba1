import { isIP } from 'node:net';
import { present } from '../../../container/present.ts';
import type { Position } from '../../../lib/errors.ts';
import { type EndpointSpec, INTERFACE_OPTION } from '../../../model/spec.ts';
import { describe } from '../../../yaml/node.ts';
import { type Decoder, integer, list, map, optionRecord, quoted, text, withShape } from '../decode.ts';
import { type Decoded, record } from '../record.ts';

/** A service's settings for a network, which is named by its key in the Compose file. */
export interface ServiceNetwork {
  key: string;
  at: Position;
  endpoint: EndpointSpec;
  /** null when the network is only named. */
  written: WrittenEndpoint | null;
}

const address = (version: 4 | 6): Decoder<string> =>
  map(text, (value, node, report) =>
    isIP(value) === version ? value : report.error(node, `${quoted(node)} is not an IPv${version} address`),
  );

const MAC = /^(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2}$/i;

/** Reads a MAC address, as `02:42:ac:11:00:02`. */
export const macAddress: Decoder<string> = map(text, (value, node, report) =>
  MAC.test(value) ? value : report.error(node, `${quoted(node)} is not a MAC address`),
);

const ENDPOINT_KEYS = {
  aliases: list(text),
  ipv4_address: address(4),
  ipv6_address: address(6),
  link_local_ips: list(text),
  mac_address: macAddress,
  driver_opts: optionRecord,
  priority: integer(),
  gw_priority: integer(),
  interface_name: text,
};

const ENDPOINT = record("a service's network", ENDPOINT_KEYS);

/** The settings of a service for one network. */
export type WrittenEndpoint = Decoded<typeof ENDPOINT_KEYS>;

/** Reads `networks` of a service: a list of names, or a mapping of names to settings. */
export const serviceNetworks: Decoder<ServiceNetwork[]> = withShape(ENDPOINT.shape, (node, report) => {
  if (node.kind === 'sequence') {
    const names = new Map<string, ServiceNetwork>();
    for (const item of node.items) {
      const key = text(item, report);
      if (key !== undefined) names.set(key, { key, at: item.at, endpoint: {}, written: null });
    }
    return [...names.values()];
  }
  if (node.kind !== 'mapping') {
    return report.error(node, `networks must be a list or a mapping, not ${describe(node)}`);
  }
  return node.entries.map(({ key, keyAt, value }) => {
    const isEmpty = value.kind === 'scalar' && value.value === null;
    const written = isEmpty ? null : (ENDPOINT(value, report) ?? null);
    const read = written ?? {};
    if (read.interface_name && read.driver_opts?.[INTERFACE_OPTION]) {
      const hint = `interface_name is the driver option ${INTERFACE_OPTION}`;
      report.error(keyAt, `${key} names its interface twice`, hint);
    }
    const options = { ...read.driver_opts, ...(read.interface_name && { [INTERFACE_OPTION]: read.interface_name }) };
    const endpoint: EndpointSpec = present({
      Aliases: read.aliases,
      IPv4Address: read.ipv4_address,
      IPv6Address: read.ipv6_address,
      LinkLocalIPs: read.link_local_ips,
      MacAddress: read.mac_address,
      DriverOpts: options,
      GwPriority: read.gw_priority,
      Priority: read.priority,
    });
    return { key, at: keyAt, endpoint, written };
  });
});
