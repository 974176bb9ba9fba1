import type { ContainerSpec, DeviceRequest } from '../model/spec.ts';
import type { YamlNode } from '../yaml/node.ts';
import { type Decoder, integer, list, map, quoted, record, stringRecord, text } from './decode.ts';
import type { Report } from './report.ts';

type Device = NonNullable<ContainerSpec['Devices']>[number];

/** `vendor.com/class=name`: a name of the Container Device Interface. */
const CDI = /^[a-z][\w.-]*[a-z0-9]\/[a-z][\w.-]*=[\w.:-]+$/i;

/** `devices`: host devices, and CDI names apart from them; of several with one target the last counts. */
export const devices: Decoder<{ devices: Device[]; cdi: string[] }> = (node, report) => {
  if (node.kind !== 'sequence') return report.error(node, 'devices must be a list');
  const found = new Map<string, Device>();
  const cdi: string[] = [];
  for (const item of node.items) {
    const device = item.kind === 'mapping' ? longDevice(item, report) : shortDevice(item, report);
    if (!device) continue;
    if (CDI.test(device.PathOnHost) && device.PathInContainer === device.PathOnHost) cdi.push(device.PathOnHost);
    else if (!device.PathOnHost.startsWith('/') || !device.PathInContainer.startsWith('/')) {
      report.error(item, `${quoted(item)} is not a device`, 'write it as /dev/x, /dev/x:/dev/y or /dev/x:/dev/y:rw');
    } else found.set(device.PathInContainer, device);
  }
  return { devices: [...found.values()], cdi };
};

function shortDevice(node: YamlNode, report: Report): Device | undefined {
  const parts = text(node, report)?.split(':');
  if (!parts) return undefined;
  const [source = '', target = '', permissions = 'rwm'] = parts;
  if (parts.length > 3) return report.error(node, `${quoted(node)} has too many colons for a device`);
  return device(node, report, source, target || source, permissions);
}

const LONG = record('a device', { source: text, target: text, permissions: text });

function longDevice(node: YamlNode, report: Report): Device | undefined {
  const read = LONG(node, report);
  if (!read) return undefined;
  if (!read.source) return report.error(node, 'the device has no source');
  return device(node, report, read.source, read.target || read.source, read.permissions ?? 'rwm');
}

function device(node: YamlNode, report: Report, source: string, target: string, permissions: string) {
  if (!/^[rwm]{1,3}$/.test(permissions)) {
    return report.error(node, `the permissions of ${quoted(node)} are not made of r, w and m`);
  }
  return { PathOnHost: source, PathInContainer: target, CgroupPermissions: permissions };
}

const count: Decoder<number> = (node, report) =>
  node.kind === 'scalar' && node.text.toLowerCase() === 'all' ? -1 : integer(0)(node, report);

const REQUEST = record('a device request', {
  driver: text,
  count,
  device_ids: list(text),
  capabilities: list(text),
  options: stringRecord,
});

/** One entry of `gpus` or of `deploy.resources.reservations.devices`. Without count and IDs it means all. */
function request(implied: string[]): Decoder<DeviceRequest> {
  return map(REQUEST, (read, node, report) => {
    if (read.count !== undefined && read.device_ids) {
      return report.error(node, 'count and device_ids exclude each other');
    }
    const capabilities = [...new Set([...(read.capabilities ?? []), ...implied])];
    if (capabilities.length === 0) return report.error(node, 'a device request must name its capabilities');
    return {
      ...(read.driver && { Driver: read.driver }),
      ...(read.device_ids ? { DeviceIDs: read.device_ids } : { Count: read.count ?? -1 }),
      Capabilities: [capabilities],
      ...(read.options && { Options: read.options }),
    };
  });
}

/** `gpus`: `all`, or a list of requests. */
export const gpus: Decoder<DeviceRequest[]> = (node, report) => {
  if (node.kind === 'sequence') return list(request(['gpu']))(node, report);
  if (node.kind === 'scalar' && node.value === 'all') return [{ Count: -1, Capabilities: [['gpu']] }];
  return report.error(node, `${quoted(node)} is not possible here`, 'gpus is all, or a list of device requests');
};

/** `deploy.resources.reservations.devices`. */
export const reservedDevices: Decoder<DeviceRequest[]> = list(request([]));
