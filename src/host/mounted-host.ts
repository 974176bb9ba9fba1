import { watch } from 'node:fs';
import { readdir, statfs } from 'node:fs/promises';
import { type Clock, every } from '../lib/clock.ts';
import { allDevices, hasPath, namesIn } from './devices.ts';
import type { Host } from './host.ts';
import { createUdev, hasKnown, type KnownDevice, udevFolder } from './udev.ts';

/** Milliseconds between two looks at the devices of a host whose udev tells nothing. */
const LOOK_MS = 5_000;

export interface MountedHostOptions {
  clock: Clock;
  /** The folder at which `/` of the host is mounted, or at least its /dev and /run/udev. Absent: devices cannot be seen. */
  root: string | undefined;
  /** The files of Git. */
  filesDir: string;
}

/** A machine whose devices can be listed. An answer of undefined: they cannot be seen. */
export interface MountedHost extends Host {
  /** The paths of all devices. */
  devices(): Promise<string[] | undefined>;
  /** The devices that udev knows. */
  known(): Promise<KnownDevice[] | undefined>;
}

/** The machine of a site, seen through folders that are mounted. */
export function mountedHost({ clock, root: mounted, filesDir }: MountedHostOptions): MountedHost {
  const root = mounted === '/' ? '' : mounted;
  const udev = root === undefined ? undefined : createUdev(root);
  /** Where nothing is mounted, an empty folder is no proof that a device is away. */
  const isMounted = async (): Promise<boolean> =>
    root !== undefined && (await readdir(`${root}/dev`).catch(() => [])).length > 0;
  return {
    hasDevice: async (device) => {
      if (device.path === undefined) return hasKnown(await udev?.(), device);
      const { path } = device;
      return (await isMounted()) ? hasPath(root ?? '', path).catch(() => undefined) : undefined;
    },
    devices: async () => ((await isMounted()) ? allDevices(root ?? '') : undefined),
    known: async () => udev?.(),
    gpus: async () => {
      if (root === undefined || !(await isMounted())) return undefined;
      const [nvidia, rendering] = await Promise.all([namesIn(root, '/dev'), namesIn(root, '/dev/dri')]);
      // One GPU of NVIDIA may have both.
      return Math.max(count(nvidia, /^nvidia\d+$/), count(rendering, /^renderD\d+$/));
    },
    disk: () =>
      statfs(filesDir).then(
        ({ blocks, bsize }) => blocks * bsize,
        () => undefined,
      ),
    watch(listener) {
      if (root === undefined) return () => {};
      const cancel = every(clock, LOOK_MS, listener);
      const unwatch = watchFolder(udevFolder(root), listener);
      return () => {
        cancel();
        unwatch();
      };
    },
  };
}

const count = (names: readonly string[], pattern: RegExp): number => names.filter((name) => pattern.test(name)).length;

/**
 * Calls back when files come to a folder or leave it. Nothing watches /dev itself: each write to a device would wake the agent. Where the folder cannot be
 * watched, the looks now and then must do.
 */
function watchFolder(folder: string, listener: () => void): () => void {
  try {
    const watcher = watch(folder, { persistent: false }, (event) => event === 'rename' && listener());
    watcher.on('error', () => watcher.close());
    return () => watcher.close();
  } catch {
    return () => {};
  }
}
