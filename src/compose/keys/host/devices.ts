import type { ContainerSpec, DeviceRequest } from '../../../model/spec.ts';
import type { YamlNode } from '../../../yaml/node.ts';
import type { Report } from '../../report.ts';
import { type Decoder, integer, list, map, quoted, stringRecord, text, withShape } from '../decode.ts';
import { type Decoded, record } from '../record.ts';

type Device = NonNullable<ContainerSpec['Devices']>[number];

/** A device, with its permissions if they are written or the short form implies them. */
export interface WrittenDevice extends Device {
  written?: string;
}

/** The permissions to read, write and create device files. */
const ALL = 'rwm';

/** `vendor.com/class=name`: a name of the Container Device Interface. */
const CDI = /^[a-z][\w.-]*[a-z0-9]\/[a-z][\w.-]*=[\w.:-]+$/i;

const LONG = record('a device', { source: text, target: text, permissions: text });

/** Reads `devices`: host devices, and CDI names as source and target. If several have one target, the last one counts. */
export const devices: Decoder<WrittenDevice[]> = withShape(LONG.shape, (node, report) => {
  if (node.kind !== 'sequence') return report.error(node, 'devices must be a list');
  const found = new Map<string, WrittenDevice>();
  for (const item of node.items) {
    const device = item.kind === 'mapping' ? longDevice(item, report) : shortDevice(item, report);
    if (!device) continue;
    if (!isCdi(device) && !(device.PathOnHost.startsWith('/') && device.PathInContainer.startsWith('/'))) {
      report.error(item, `${quoted(item)} is not a device`, 'write it as /dev/x, /dev/x:/dev/y or /dev/x:/dev/y:rw');
    } else found.set(device.PathInContainer, device);
  }
  return [...found.values()];
});

/** True for a name of the Container Device Interface. The engine takes it as a request and not as a device. */
export function isCdi({ PathOnHost, PathInContainer }: Device): boolean {
  return CDI.test(PathOnHost) && PathInContainer === PathOnHost;
}

function shortDevice(node: YamlNode, report: Report): WrittenDevice | undefined {
  const parts = text(node, report)?.split(':');
  if (!parts) return undefined;
  const [source = '', target = '', permissions = ALL] = parts;
  if (parts.length > 3) return report.error(node, `${quoted(node)} has too many colons for a device`);
  return device(node, report, source, target || source, permissions);
}

function longDevice(node: YamlNode, report: Report): WrittenDevice | undefined {
  const read = LONG(node, report);
  if (!read) return undefined;
  if (!read.source) return report.error(node, 'the device has no source');
  if (!read.target) return report.error(node, 'the device has no target', 'only the short form needs none');
  return device(node, report, read.source, read.target, read.permissions);
}

function device(
  node: YamlNode,
  report: Report,
  source: string,
  target: string,
  written?: string,
): WrittenDevice | undefined {
  const CgroupPermissions = written ?? ALL;
  if (!/^[rwm]{1,3}$/.test(CgroupPermissions)) {
    return report.error(node, `the permissions of ${quoted(node)} may only have r, w and m`);
  }
  return { PathOnHost: source, PathInContainer: target, CgroupPermissions, ...(written && { written }) };
}

const count: Decoder<number> = (node, report) =>
  node.kind === 'scalar' && node.text.toLowerCase() === 'all' ? -1 : integer(0)(node, report);

const REQUEST_KEYS = {
  driver: text,
  count,
  device_ids: list(text),
  capabilities: list(text),
  options: stringRecord,
};

/** One entry of `gpus` or of `deploy.resources.reservations.devices`. */
export type WrittenRequest = Decoded<typeof REQUEST_KEYS>;

const request: Decoder<WrittenRequest> = map(record('a device request', REQUEST_KEYS), (read, node, report) =>
  read.count !== undefined && read.device_ids
    ? report.error(node, 'use either count or device_ids')
    : // A request without count and IDs means all devices.
      { ...(!read.device_ids && { count: -1 }), ...read },
);

/** A request in the engine's words. `implied` are capabilities that the key implies. */
export function deviceRequest(request: WrittenRequest, implied: string[] = []): DeviceRequest {
  return {
    ...(request.driver && { Driver: request.driver }),
    ...(request.device_ids && { DeviceIDs: request.device_ids }),
    ...(request.count !== undefined && { Count: request.count }),
    Capabilities: [[...new Set([...(request.capabilities ?? []), ...implied])]],
    ...(request.options && { Options: request.options }),
  };
}

/** Reads `gpus`: `all`, or a list of requests. */
export const gpus: Decoder<WrittenRequest[]> = withShape(request.shape, (node, report) => {
  if (node.kind === 'sequence') return list(request)(node, report);
  if (node.kind === 'scalar' && node.value === 'all') return [{ count: -1 }];
  return report.error(node, `${quoted(node)} is not possible here`, 'write all, or a list of device requests');
});

/** Reads `deploy.resources.reservations.devices`. */
export const reservedDevices: Decoder<WrittenRequest[]> = list(
  map(request, (read, node, report) =>
    read.capabilities?.length ? read : report.error(node, 'a device request needs capabilities'),
  ),
);
