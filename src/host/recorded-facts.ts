import { globMatches } from '../lib/text/glob.ts';
import type { DeviceRequirement, HostOfEngine } from '../model/requirement.ts';
import type { Host } from './host.ts';
import { hasKnown, type KnownDevice } from './udev.ts';

/** The facts of a site and of its machine at one moment, for a laptop. Where a key is absent, nobody could see it. */
export interface RecordedFacts extends HostOfEngine {
  apiVersion: 'holdfast/v1';
  kind: 'Facts';
  site: string;
  /** The clock of the machine, RFC 3339. Absent: a person wrote it. */
  at?: string | undefined;
  /** The paths of all devices below /dev, and of links to them. */
  devices?: string[] | undefined;
  /** The devices that udev knows, by the names of their makers and models. */
  udev?: Partial<KnownDevice>[] | undefined;
  gpus?: number | undefined;
  /** Bytes of the file system that has the files of Git, used or free. */
  disk?: number | undefined;
}

/** The machine as it was recorded. It answers as the machine itself would have done, except for folders of /dev without a device. */
export function recordedHost({ devices, udev, gpus, disk }: RecordedFacts): Pick<Host, 'hasDevice' | 'gpus' | 'disk'> {
  const hasPath = (path: string): boolean | undefined => devices?.some((each) => isAt(each, path));
  return {
    hasDevice: async (device: DeviceRequirement) =>
      device.path === undefined ? hasKnown(udev, device) : hasPath(device.path),
    gpus: async () => gpus,
    disk: async () => disk,
  };
}

/** True for the device of a path, whose last part may have `*`, and for one in the folder of that path. */
function isAt(device: string, path: string): boolean {
  const parts = device.split('/');
  const wanted = path.split('/');
  const last = wanted.length - 1;
  return (
    parts.length > last &&
    wanted.every((part, index) => (index < last ? part === parts[index] : globMatches(part, parts[index] ?? '')))
  );
}
