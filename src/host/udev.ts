import { open, readdir, stat } from 'node:fs/promises';
import type { DeviceRequirement } from '../model/requirement.ts';

/** The devices that udev knows of the host, from its database: a file per device that is there, with a property a line (`E:ID_VENDOR=FTDI`). */

const DATA = '/run/udev/data';
/** The most devices that are read, and the most bytes of each: a machine has some hundreds, of some hundred bytes. */
const LIMITS = { devices: 10_000, bytes: 16_384 };

/** The names by which udev knows the maker and the model of a device. */
export interface KnownDevice {
  vendor: string[];
  model: string[];
}

/** Reads the database again only after a device came or went. undefined: there is none to be seen. */
export function createUdev(root: string): () => Promise<KnownDevice[] | undefined> {
  const folder = udevFolder(root);
  let known: { time: number; devices: KnownDevice[] } | undefined;
  return async () => {
    // udev puts each file in its place by a rename, which shows on the folder.
    const time = await stat(folder).then(
      ({ mtimeMs }) => mtimeMs,
      () => undefined,
    );
    if (time === undefined) return undefined;
    if (known?.time !== time) known = { time, devices: await readAll(folder) };
    return known.devices.length > 0 ? known.devices : undefined;
  };
}

/** The folder that changes when a device comes or goes. */
export const udevFolder = (root: string): string => `${root}${DATA}`;

async function readAll(folder: string): Promise<KnownDevice[]> {
  // Devices with a node in /dev: block and character devices. The rest are busses, inputs and network interfaces.
  const names = (await readdir(folder)).filter((name) => /^[bc]\d+:\d+$/.test(name)).slice(0, LIMITS.devices);
  const devices: KnownDevice[] = [];
  for (const name of names) {
    const text = await readStart(`${folder}/${name}`);
    devices.push({ vendor: values(text, 'ID_VENDOR'), model: values(text, 'ID_MODEL') });
  }
  return devices;
}

/** "" where the file has just gone. */
async function readStart(path: string): Promise<string> {
  const file = await open(path, 'r').catch(() => undefined);
  if (!file) return '';
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(LIMITS.bytes), 0, LIMITS.bytes, 0);
    return buffer.toString('utf8', 0, bytesRead);
  } catch {
    return '';
  } finally {
    await file.close();
  }
}

/** The name, and the number on the bus. */
const values = (text: string, key: string): string[] =>
  text.split('\n').flatMap((line) => {
    const [name, value] = [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)];
    return name === `E:${key}` || name === `E:${key}_ID` ? [value] : [];
  });

/** undefined: udev cannot be seen. */
export const hasKnown = (
  known: readonly Partial<KnownDevice>[] | undefined,
  { vendor, model }: DeviceRequirement,
): boolean | undefined =>
  known?.some(
    (device) =>
      (vendor === undefined || device.vendor?.includes(vendor)) &&
      (model === undefined || device.model?.includes(model)),
  );
