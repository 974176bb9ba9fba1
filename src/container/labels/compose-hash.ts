import { createHash } from 'node:crypto';
import type { NetworkSpec, VolumeSpec } from '../../model/spec.ts';

/**
 * The value of Compose's label `config-hash` on networks and volumes, as Compose itself computes it: the SHA-256 of the JSON that Go writes of the
 * declaration. With another value, `docker compose up` would create the network again, and offer to do so with the volume and all its data.
 * Source: docker/compose pkg/compose/hash.go, and the order of fields in compose-go types.NetworkConfig and types.VolumeConfig.
 */
export const composeNetworkHash = (spec: NetworkSpec): string =>
  hash({
    name: spec.Name,
    driver: text(spec.Driver),
    driver_opts: map(spec.DriverOpts),
    ipam: {
      driver: text(spec.IPAM?.Driver),
      config: spec.IPAM?.Config?.length
        ? spec.IPAM.Config.map(({ Subnet, Gateway, IPRange, AuxiliaryAddresses }) => ({
            subnet: text(Subnet),
            gateway: text(Gateway),
            ip_range: text(IPRange),
            aux_addresses: map(AuxiliaryAddresses),
          }))
        : undefined,
    },
    internal: spec.Internal || undefined,
    attachable: spec.Attachable || undefined,
    labels: map(spec.Labels),
    enable_ipv6: spec.EnableIPv6,
  });

/** The same for a volume, whose driver Compose writes out. */
export const composeVolumeHash = (spec: VolumeSpec): string =>
  hash({
    name: spec.Name,
    driver: spec.Driver || 'local',
    driver_opts: map(spec.DriverOpts),
    labels: map(spec.Labels),
  });

const text = (value: string | undefined): string | undefined => value || undefined;

/** Go leaves out empty maps and sorts the others by their keys. A Map, since an object would put keys that look like numbers first. */
function map(value: Record<string, string> | undefined): ReadonlyMap<string, string> | undefined {
  const entries = Object.entries(value ?? {}).sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  return entries.length > 0 ? new Map(entries) : undefined;
}

const hash = (value: object): string => createHash('sha256').update(goJson(value)).digest('hex');

/** JSON as Go's encoder writes it: what could be mistaken for HTML is escaped. */
function goJson(value: unknown): string {
  if (value instanceof Map) return braces([...value]);
  if (Array.isArray(value)) return `[${value.map(goJson).join(',')}]`;
  if (typeof value === 'object' && value !== null) return braces(Object.entries(value));
  return JSON.stringify(value).replaceAll(
    /[<>&\u2028\u2029]/g,
    (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

const braces = (entries: [string, unknown][]): string =>
  `{${entries.flatMap(([key, item]) => (item === undefined ? [] : [`${goJson(key)}:${goJson(item)}`])).join(',')}}`;
