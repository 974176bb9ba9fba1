import { addressesOverlap } from '../../../lib/host/host-address.ts';
import { ownHostPath } from '../../../lib/host/host-path.ts';
import { addressesOf } from '../../../lib/host/ip-address.ts';
import { own } from '../../../lib/maps/own.ts';
import type { ContainerSpec, EndpointSpec, MountSpec, PortBinding } from '../../../model/spec.ts';

/**
 * A thing that two containers would both use while they run.
 *
 * - `refused`: the engine, or the hardware, gives it to one of them only.
 * - `data`: both may have it, but data suffers if one was not made to share it with the other.
 * - `shared`: neither suffers, but it is better if one lets go of it first.
 */
export interface SharedThing {
  kind: 'port' | 'address' | 'device' | 'volume' | 'path';
  risk: 'refused' | 'data' | 'shared';
  /** As people call it: `the host port 80/tcp`. */
  text: string;
  /** The network of an address, which a container may leave without being stopped. */
  network?: string;
}

/** All that two containers have in common, each thing once. */
export const sharedThings = (one: ContainerSpec, other: ContainerSpec): SharedThing[] => [
  ...sharedPorts(one, other),
  ...sharedAddresses(one, other),
  ...sharedDevices(one, other),
  ...sharedMounts(one, other),
];

/** A container on the host's network, on none or on that of another container publishes nothing. */
const publishedBy = ({ PortBindings = [], NetworkMode = '' }: ContainerSpec): PortBinding[] =>
  /^(host|none|container:.*|service:.*)$/.test(NetworkMode) ? [] : PortBindings;

function sharedPorts(one: ContainerSpec, other: ContainerSpec): SharedThing[] {
  const things = publishedBy(one).flatMap((left) =>
    publishedBy(other).flatMap((right): SharedThing[] => {
      if (protocolOf(left) !== protocolOf(right) || !overlap(left.HostPort, right.HostPort)) return [];
      if (!addressesOverlap(left.HostIp, right.HostIp)) return [];
      // From a range the engine takes one that is free.
      const isRange = left.HostPort.includes('-') || right.HostPort.includes('-');
      const text = `the host port ${left.HostPort}/${protocolOf(left)}`;
      return [{ kind: 'port', risk: isRange ? 'shared' : 'refused', text }];
    }),
  );
  return once(things);
}

const protocolOf = ({ Container }: PortBinding): string => Container.split('/')[1] ?? 'tcp';

/** Ports and ranges of them; "" is a port that the engine chooses, so that no other container asks for it. */
function overlap(left: string, right: string): boolean {
  if (left === '' || right === '') return false;
  const [[from = 0, to = from], [first = 0, last = first]] = [left, right].map((text) =>
    text.split('-').map(Number),
  ) as [number[], number[]];
  return from <= last && first <= to;
}

/**
 * Addresses that were asked for. Docker (20.10 and 28) lets several containers have one MAC address or one link-local address, so those are
 * not exclusive.
 */
const sharedAddresses = (one: ContainerSpec, other: ContainerSpec): SharedThing[] =>
  Object.entries(one.Networks ?? {}).flatMap(([network, endpoint]) =>
    sharedAddressesOn(network, endpoint, own(other.Networks, network)),
  );

/** The same for one network. */
export function sharedAddressesOn(network: string, one: EndpointSpec, other: EndpointSpec | undefined): SharedThing[] {
  const theirs = addressesOf(other);
  return addressesOf(one)
    .filter((address) => theirs.includes(address))
    .map((address) => ({ kind: 'address', risk: 'refused', text: `the address ${address} on ${network}`, network }));
}

/** Devices that many programs may open at once. */
const MANY =
  /^\/dev\/(dri|snd|shm|bus|nvidia[^/]*|kfd|net|fuse|kvm|vhost-[^/]*|null|zero|full|random|urandom|tty|ptmx|mem|mapper)(\/|$)/;

function sharedDevices(one: ContainerSpec, other: ContainerSpec): SharedThing[] {
  const wanted = new Set(devicesOf(other));
  return devicesOf(one)
    .filter((path) => wanted.has(path))
    .map((path) => ({ kind: 'device', risk: MANY.test(path) ? 'shared' : 'refused', text: `the device ${path}` }));
}

/** By `devices`, or bound as a path. */
const devicesOf = ({ Devices = [], Mounts = [] }: ContainerSpec): string[] => [
  ...new Set([
    ...Devices.map(({ PathOnHost }) => PathOnHost),
    ...Mounts.flatMap(({ Type, Source = '' }) => (Type === 'bind' && /^\/dev\/./.test(Source) ? [Source] : [])),
  ]),
];

/** Volumes and paths of the host, where one of the two writes. */
function sharedMounts(one: ContainerSpec, other: ContainerSpec): SharedThing[] {
  const wanted = dataOf(other);
  return once(
    dataOf(one).flatMap((left): SharedThing[] => {
      const rights = wanted.filter(({ kind, name }) => kind === left.kind && name === left.name);
      if (!rights.some(({ writes }) => writes || left.writes)) return [];
      const text = left.kind === 'volume' ? `the volume ${left.name}` : `the host path ${left.name}`;
      return [{ kind: left.kind, risk: 'data', text }];
    }),
  );
}

function dataOf({ Mounts = [] }: ContainerSpec): { kind: 'volume' | 'path'; name: string; writes: boolean }[] {
  return Mounts.flatMap(({ Type, Source, ReadOnly }: MountSpec) => {
    const name = Type === 'bind' ? ownHostPath(Source ?? '') : Source;
    if (!name || (Type !== 'bind' && Type !== 'volume')) return [];
    return [{ kind: Type === 'bind' ? ('path' as const) : ('volume' as const), name, writes: !ReadOnly }];
  });
}

const once = (things: SharedThing[]): SharedThing[] => [
  ...new Map(things.map((thing) => [`${thing.kind} ${thing.text}`, thing])).values(),
];
