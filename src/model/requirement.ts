import { sizeText } from '../lib/units/size.ts';

/** The things that a site must have for an app to run there: an Application's `requires`. Plain data, without places in files. */
export interface Requires {
  /** All of them must be there. */
  devices: DeviceRequirement[];
  /** The least number. Absent: none is needed. */
  gpus?: number | undefined;
  /** Names of OCI runtimes that the engine must know. */
  runtimes: string[];
  /** Bytes of the machine's memory. */
  memory?: number | undefined;
  /** Bytes of the file system of the files folder, used or free. */
  disk?: number | undefined;
  /** The fate of its containers once a device is lost. */
  onLoss: 'stop' | 'keep';
}

/** The machine of an engine, as its /info tells; absent where it does not. */
export interface HostOfEngine {
  /** Bytes. */
  memory?: number | undefined;
  runtimes?: string[] | undefined;
  /** As Go names them: `arm64`, `linux`. */
  arch?: string | undefined;
  os?: string | undefined;
  /** `docker` or `podman`. */
  engine?: string | undefined;
}

/** A device by its path, whose last part may have `*`, or by what udev says of it. */
export type DeviceRequirement =
  | { path: string; vendor?: undefined; model?: undefined }
  | { path?: undefined; vendor?: string | undefined; model?: string | undefined };

/** The state of an app whose site lacks something that it requires: nothing of it is made, started or removed. */
export interface Parking {
  /** Why, in words: `needs /dev/ttyUSB0`. */
  reason: string;
  /** Its containers are stopped. */
  stops: boolean;
  /** Monotonic milliseconds at which that begins, if it is still to come. */
  stopsAt?: number | undefined;
}

/** The same, of each app that is parked. */
export type Parkings = ReadonlyMap<string, Parking>;

/** A device in words. */
export function deviceText({ path, vendor, model }: DeviceRequirement): string {
  if (path !== undefined) return path;
  return `a device of ${[vendor && `vendor ${vendor}`, model && `model ${model}`].filter(Boolean).join(', ')}`;
}

export const gpusText = (least: number): string => (least === 1 ? 'a GPU' : `${least} GPUs`);
export const runtimeText = (name: string): string => `the runtime ${name}`;
export const memoryText = (bytes: number): string => `${sizeText(bytes)} of memory`;
export const diskText = (bytes: number): string => `a disk of ${sizeText(bytes)}`;

/** `/dev/ttyUSB0 and 2 GiB of memory`: all that an app requires; "" where it requires nothing. */
export function requiresText(requires: Requires | undefined): string {
  if (!requires) return '';
  const { devices, gpus, runtimes, memory, disk } = requires;
  return [
    ...devices.map(deviceText),
    ...(gpus === undefined ? [] : [gpusText(gpus)]),
    ...runtimes.map(runtimeText),
    ...(memory === undefined ? [] : [memoryText(memory)]),
    ...(disk === undefined ? [] : [diskText(disk)]),
  ].join(' and ');
}
