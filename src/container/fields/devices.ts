import type { DeviceRequest } from '../../model/spec.ts';
import type { Json } from '../json.ts';
import { type Comparison, hasQuirk, hostConfig, type Rows } from './row/field.ts';
import { set } from './row/kinds.ts';

type Device = { PathOnHost: string; PathInContainer: string; CgroupPermissions: string };

const permissions = (letters: string): string => [...new Set(letters || 'rwm')].sort().join('');

/** By path inside the container: the path on the host and what is allowed. */
const devices = (value: Device[] | undefined, comparison: Comparison): Json | undefined => {
  if (!value?.length) return undefined;
  // A privileged container has all of them.
  if (comparison.observed.Privileged && hasQuirk(comparison, 'hidesPrivileges')) return undefined;
  const silent = hasQuirk(comparison, 'hidesDevicePermissions');
  return Object.fromEntries(
    value.map(({ PathOnHost, PathInContainer, CgroupPermissions }) => [
      PathInContainer || PathOnHost,
      silent ? PathOnHost : `${PathOnHost} (${permissions(CgroupPermissions)})`,
    ]),
  );
};

const request = ({ Driver, Count, DeviceIDs, Capabilities, Options }: DeviceRequest): string =>
  [
    Driver || 'any driver',
    Count === -1 ? 'all' : DeviceIDs?.length ? `ids ${[...DeviceIDs].sort().join(' ')}` : `count ${Count ?? 0}`,
    (Capabilities ?? [])
      .map((all) => [...all].sort().join('+'))
      .sort()
      .join(' or '),
    ...Object.entries(Options ?? {})
      .map(([key, value]) => `${key}=${value}`)
      .sort(),
  ]
    .filter(Boolean)
    .join(', ');

/** Hardware of the host. */
export const deviceRows = {
  Devices: hostConfig(
    {
      read: (raw) => (Array.isArray(raw) && raw.length > 0 ? raw.map((device: Device) => ({ ...device })) : undefined),
      canonical: () => undefined,
      show: String,
      unordered: true,
    },
    {
      label: 'devices',
      wanted: (comparison) => devices(comparison.desired.Devices, comparison),
      found: (comparison) => devices(comparison.observed.Devices, comparison),
      entries: String,
    },
  ),
  DeviceRequests: hostConfig(
    {
      read: (raw) => (Array.isArray(raw) && raw.length > 0 ? raw.map(present) : undefined),
      canonical: (value) => (value.length > 0 ? value.map(request).sort() : undefined),
      show: (value) => (value as string[]).join('; '),
      unordered: true,
    },
    { label: 'gpus' },
  ),
  DeviceCgroupRules: hostConfig(set, { label: 'device_cgroup_rules' }),
} satisfies Rows;

/** Engines answer null for parts that were not given. */
const present = (raw: Record<string, unknown>): DeviceRequest =>
  Object.fromEntries(Object.entries(raw).filter(([, value]) => value !== null && value !== '')) as DeviceRequest;
