import { own } from '../lib/maps/own.ts';
import type { FieldDifference } from '../model/plan.ts';
import type { ContainerSpec, EndpointSpec, NetworkSpec, VolumeSpec } from '../model/spec.ts';
import type { EngineCapabilities, ImageConfig } from '../model/state.ts';
import type { Comparison, Field } from './fields/row/field.ts';
import { FIELDS } from './fields/table.ts';
import { coversJson, type Json, sameJson } from './json.ts';
import { poolAs } from './networks.ts';

/**
 * The differences between a container and the spec it should have, row by row of the field table. `image` is the config of the image that the
 * container runs; without it, nothing that an image could have brought counts. Rows that the engine does not report are left out. `hidden` names the
 * variables whose values nobody may see, on either side.
 */
export function differences(
  desired: ContainerSpec,
  observed: ContainerSpec,
  image: ImageConfig | undefined,
  can: EngineCapabilities,
  hidden: readonly string[] = [],
): FieldDifference[] {
  const comparison: Comparison = { desired, observed, image, can };
  return FIELDS.flatMap((field) => {
    if (can.unreported.includes(field.name)) return [];
    const wanted = field.wanted(comparison);
    const found = field.found(comparison);
    if (sameJson(wanted, found) || excused(field, wanted, found, comparison)) return [];
    return [
      {
        field: field.name,
        label: field.label,
        text: field.text(found, wanted),
        changes: field.changes(found, wanted, hidden),
        inPlace: field.inPlace && wanted !== undefined,
      },
    ];
  });
}

function excused(field: Field, wanted: Json | undefined, found: Json | undefined, { image }: Comparison): boolean {
  if (wanted === undefined && found !== undefined && field.engineDefault(found)) return true;
  if (image || !field.fromImage) return false;
  return field.fromImage === 'keys' ? coversJson(found, wanted) : wanted === undefined;
}

export interface EndpointDifference {
  network: string;
  kind: 'missing' | 'extra' | 'changed';
  text: string;
}

/**
 * The networks that a container must join, leave, or leave and join again, sorted by name. Old engines add the container's hostname as an alias;
 * that is no difference.
 */
export function endpointDifferences(
  desired: ContainerSpec['Networks'],
  observed: ContainerSpec['Networks'],
  hostname?: string,
): EndpointDifference[] {
  const names = [...new Set([...Object.keys(desired ?? {}), ...Object.keys(observed ?? {})])].sort();
  return names.flatMap((network): EndpointDifference[] => {
    const [wanted, found] = [own(desired, network), own(observed, network)];
    if (!found) return [{ network, kind: 'missing', text: `not connected to ${network}` }];
    if (!wanted) return [{ network, kind: 'extra', text: `connected to ${network}, which it should not be` }];
    const Aliases = (found.Aliases ?? []).filter((alias) => alias !== hostname || wanted.Aliases?.includes(alias));
    const words = endpointWords(wanted, { ...found, Aliases });
    return words.length > 0 ? [{ network, kind: 'changed', text: `on ${network}: ${words.join('; ')}` }] : [];
  });
}

function endpointWords(wanted: EndpointSpec, found: EndpointSpec): string[] {
  const words: string[] = [];
  const say = (label: string, is: string | undefined, should: string | undefined): void => {
    if ((is || 'none') !== (should || 'none')) words.push(`${label} ${is || 'none'}, wanted ${should || 'none'}`);
  };
  say('aliases', sorted(found.Aliases), sorted(wanted.Aliases));
  say('address', found.IPv4Address, wanted.IPv4Address);
  say('IPv6 address', found.IPv6Address, wanted.IPv6Address);
  say('link-local addresses', sorted(found.LinkLocalIPs), sorted(wanted.LinkLocalIPs));
  // Every running container has a MAC address; only one that was asked for can be wrong.
  if (wanted.MacAddress && found.MacAddress)
    say('MAC address', found.MacAddress.toLowerCase(), wanted.MacAddress.toLowerCase());
  if (!sameJson({ ...wanted.DriverOpts }, { ...found.DriverOpts })) words.push('driver options differ');
  say('links', sorted(found.Links), sorted(wanted.Links));
  say('gw_priority', String(found.GwPriority ?? 0), String(wanted.GwPriority ?? 0));
  return words;
}

const sorted = (list: string[] | undefined): string => [...new Set(list ?? [])].sort().join(' ');

/** The reasons why a network must be created again, in words; empty when it is as asked. */
export function networkDifferences(desired: NetworkSpec, observed: NetworkSpec): string[] {
  const words: string[] = [];
  const say = (label: string, found: string | boolean, wanted: string | boolean): void => {
    if (found !== wanted) words.push(`${label}: ${found}, wanted ${wanted}`);
  };
  say('driver', observed.Driver || 'bridge', desired.Driver || 'bridge');
  say('internal', observed.Internal ?? false, desired.Internal ?? false);
  say('attachable', observed.Attachable ?? false, desired.Attachable ?? false);
  say('enable_ipv4', observed.EnableIPv4 ?? true, desired.EnableIPv4 ?? true);
  say('enable_ipv6', observed.EnableIPv6 ?? false, desired.EnableIPv6 ?? false);
  say('ipam driver', observed.IPAM?.Driver || 'default', desired.IPAM?.Driver || 'default');
  if (!sameJson({ ...desired.DriverOpts }, { ...observed.DriverOpts }))
    words.push(names('driver_opts', desired.DriverOpts, observed.DriverOpts));
  if (desired.IPAM?.Options && !coversJson(observed.IPAM?.Options, desired.IPAM.Options))
    words.push('ipam options differ');
  words.push(...poolWords(desired, observed));
  if (!sameJson({ ...desired.Labels }, { ...observed.Labels }))
    words.push(names('labels', desired.Labels, observed.Labels));
  return words;
}

/** Compares only the parts of a pool that were asked for. The engine chooses the rest, and whole pools where none was asked for. */
function poolWords(desired: NetworkSpec, observed: NetworkSpec): string[] {
  const wanted = desired.IPAM?.Config ?? [];
  const found = observed.IPAM?.Config ?? [];
  return wanted.flatMap((pool) => {
    if (found.some((other) => sameJson(poolAs(other, pool), poolAs(pool, pool)))) return [];
    return [
      `ipam: ${found.map(({ Subnet }) => Subnet).join(' ') || 'no pool'}, wanted ${[pool.Subnet, pool.IPRange, pool.Gateway].filter(Boolean).join(' ')}`,
    ];
  });
}

/** The reasons why a volume is not as asked, in words. Labels do not count: a volume keeps those it was created with. */
export function volumeDifferences(desired: VolumeSpec, observed: VolumeSpec): string[] {
  const words: string[] = [];
  const [is, should] = [observed.Driver || 'local', desired.Driver || 'local'];
  if (is !== should) words.push(`driver: ${is}, wanted ${should}`);
  // Mount options may hold a password.
  if (!sameJson({ ...desired.DriverOpts }, { ...observed.DriverOpts }))
    words.push(names('driver_opts', desired.DriverOpts, observed.DriverOpts));
  return words;
}

function names(label: string, wanted: Record<string, string> = {}, found: Record<string, string> = {}): string {
  const keys = [...new Set([...Object.keys(wanted), ...Object.keys(found)])]
    .sort()
    .filter((key) => own(wanted, key) !== own(found, key));
  return `${label}: ${keys.map((key) => `${key} ${!Object.hasOwn(found, key) ? 'is missing' : !Object.hasOwn(wanted, key) ? 'is not wanted' : 'differs'}`).join('; ')}`;
}
