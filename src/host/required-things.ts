import {
  deviceText,
  diskText,
  gpusText,
  type HostOfEngine,
  memoryText,
  type Parking,
  type Requires,
  runtimeText,
} from '../model/requirement.ts';
import type { Host } from './host.ts';

/** One thing that an app requires. */
export interface RequiredThing {
  text: string;
  /** undefined: it cannot be seen. */
  isThere: boolean | undefined;
}

/** Looks for all that an app requires. `engine` is the machine as its engine tells; absent: nobody asked it. */
export async function requiredThings(
  requires: Requires,
  host: Pick<Host, 'hasDevice' | 'gpus' | 'disk'>,
  engine: HostOfEngine | undefined,
): Promise<RequiredThing[]> {
  const { devices, gpus, runtimes, memory, disk } = requires;
  return [
    ...(await Promise.all(
      devices.map(async (device) => ({ text: deviceText(device), isThere: await host.hasDevice(device) })),
    )),
    ...(gpus === undefined ? [] : [atLeast(gpus, await host.gpus(), gpusText(gpus))]),
    ...runtimes.map((name) => ({ text: runtimeText(name), isThere: engine?.runtimes?.includes(name) })),
    ...(memory === undefined ? [] : [atLeast(memory, engine?.memory, memoryText(memory))]),
    ...(disk === undefined ? [] : [atLeast(disk, await host.disk(), diskText(disk))]),
  ];
}

const atLeast = (asked: number, found: number | undefined, text: string): RequiredThing => ({
  text,
  isThere: found === undefined ? undefined : found >= asked,
});

/** A look at a machine for all that an app requires. */
export interface Look {
  /** Absent: nothing is known to be away. A thing that is away counts as lost. */
  parking?: Parking | undefined;
  /** The things that cannot be seen, in words: they park nothing. */
  unseen: string[];
}

/** Looks once; an agent waits for some seconds before it takes a thing as lost. */
export async function lookFor(
  requires: Requires,
  host: Pick<Host, 'hasDevice' | 'gpus' | 'disk'>,
  engine: HostOfEngine | undefined,
): Promise<Look> {
  const things = await requiredThings(requires, host, engine);
  const missing = missingOf(things);
  return {
    parking: missing.length > 0 ? { reason: needsText(missing), stops: requires.onLoss === 'stop' } : undefined,
    unseen: unseenOf(things),
  };
}

/** The things that are known to be away, and those that nobody can see, in words. */
export const missingOf = (things: readonly RequiredThing[]): string[] => textsOf(things, false);
export const unseenOf = (things: readonly RequiredThing[]): string[] => textsOf(things, undefined);

const textsOf = (things: readonly RequiredThing[], isThere: boolean | undefined): string[] =>
  things.filter((each) => each.isThere === isThere).map(({ text }) => text);

/** `needs /dev/ttyUSB0 and 2 GiB of memory`: why an app is parked. */
export const needsText = (missing: readonly string[]): string => `needs ${missing.join(' and ')}`;

export const unseenText = (app: string, unseen: readonly string[]): string =>
  `${app} requires ${unseen.join(' and ')}, which cannot be seen here (--host-root): it runs as if it were there`;
