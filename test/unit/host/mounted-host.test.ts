import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mountedHost } from '../../../src/host/mounted-host.ts';
import type { Clock } from '../../../src/lib/clock.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'host-'));
});
afterEach(() => rm(root, { recursive: true }));

const never: Clock = { monotonic: () => 0, wall: () => new Date(0), random: () => 0, timer: () => () => {} };
const host = (at: string | undefined = root) => mountedHost({ clock: never, root: at, filesDir: root });

/** A device node below the folder that stands for the host's `/`. */
async function device(path: string, kind: 'c' | 'b' = 'c', major = 1, minor = 3): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true });
  execFileSync('mknod', [join(root, path), kind, String(major), String(minor)]);
}

async function link(path: string, target: string): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await symlink(target, join(root, path));
}

/** As udev puts it there: written beside, then renamed. */
async function udev(name: string, ...properties: string[]): Promise<void> {
  const folder = join(root, 'run/udev/data');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, `.#${name}`), `I:123\n${properties.map((each) => `E:${each}\n`).join('')}G:systemd\n`);
  await rename(join(folder, `.#${name}`), join(folder, name));
}

describe('devices by their path', () => {
  test('are seen when they come and when they go', async () => {
    await device('/dev/null');
    const { hasDevice } = host();
    expect(await hasDevice({ path: '/dev/ttyUSB0' })).toBe(false);
    await device('/dev/ttyUSB0', 'c', 188, 0);
    expect(await hasDevice({ path: '/dev/ttyUSB0' })).toBe(true);
    await rm(join(root, 'dev/ttyUSB0'));
    expect(await hasDevice({ path: '/dev/ttyUSB0' })).toBe(false);
  });

  test('may be links, also absolute ones, which are those of the host', async () => {
    await device('/dev/ttyUSB7', 'c', 188, 7);
    await link('/dev/serial/by-id/usb-FTDI_A1', '../../ttyUSB7');
    await link('/dev/till', '/dev/serial/by-id/usb-FTDI_A1');
    await link('/dev/scale', '/dev/ttyUSB8');
    const { hasDevice } = host();
    expect(await hasDevice({ path: '/dev/till' })).toBe(true);
    expect(await hasDevice({ path: '/dev/serial/by-id/usb-FTDI*' })).toBe(true);
    expect(await hasDevice({ path: '/dev/serial/by-id/usb-Prolific*' })).toBe(false);
    // It leads nowhere.
    expect(await hasDevice({ path: '/dev/scale' })).toBe(false);
  });

  test('no link leads out of the host, or round for ever', async () => {
    await device('/dev/null');
    await link('/dev/out', '../../../../../../../../dev/full');
    await link('/dev/a', 'b');
    await link('/dev/b', 'a');
    const { hasDevice } = host();
    // /dev/full is a device of the machine that runs this, and not of the folder.
    expect(await hasDevice({ path: '/dev/out' })).toBe(false);
    expect(await hasDevice({ path: '/dev/a' })).toBe(false);
  });

  test('are devices: a file with such a name is none, and a folder is one if it has something in it', async () => {
    await device('/dev/sda', 'b', 8, 0);
    await writeFile(join(root, 'dev/ttyUSB0'), '');
    await mkdir(join(root, 'dev/snd'));
    const { hasDevice } = host();
    expect(await hasDevice({ path: '/dev/sda' })).toBe(true);
    expect(await hasDevice({ path: '/dev/ttyUSB0' })).toBe(false);
    expect(await hasDevice({ path: '/dev/snd' })).toBe(false);
    await device('/dev/snd/pcmC0D0p', 'c', 116, 2);
    expect(await hasDevice({ path: '/dev/snd' })).toBe(true);
  });
});

test('Devices are known by what udev says of them, by name or by number', async () => {
  await udev('c188:0', 'ID_VENDOR=FTDI', 'ID_VENDOR_ID=0403', 'ID_MODEL=FT232R_USB_UART', 'ID_MODEL_ID=6001');
  await udev('+usb:1-1', 'ID_VENDOR=Zebra');
  const { hasDevice } = host();
  expect(await hasDevice({ vendor: 'FTDI' })).toBe(true);
  expect(await hasDevice({ vendor: '0403', model: 'FT232R_USB_UART' })).toBe(true);
  expect(await hasDevice({ vendor: 'FTDI', model: '6015' })).toBe(false);
  // A bus has no node in /dev.
  expect(await hasDevice({ vendor: 'Zebra' })).toBe(false);
  await udev('c188:1', 'ID_VENDOR=Zebra');
  expect(await hasDevice({ vendor: 'Zebra' })).toBe(true);
  await rm(join(root, 'run/udev/data/c188:1'));
  expect(await hasDevice({ vendor: 'Zebra' })).toBe(false);
});

test('GPUs are counted', async () => {
  await device('/dev/null');
  expect(await host().gpus()).toBe(0);
  for (const path of ['/dev/nvidia0', '/dev/nvidia1', '/dev/nvidiactl', '/dev/dri/renderD128', '/dev/dri/card0'])
    await device(path);
  expect(await host().gpus()).toBe(2);
});

test('A host that is not mounted is unknown, not empty', async () => {
  const unseen = async (at: string | undefined): Promise<unknown[]> => {
    const { hasDevice, gpus } = mountedHost({ clock: never, root: at, filesDir: root });
    return [await hasDevice({ path: '/dev/ttyUSB0' }), await hasDevice({ vendor: 'FTDI' }), await gpus()];
  };
  expect(await unseen(undefined)).toEqual([undefined, undefined, undefined]);
  expect(await unseen(root)).toEqual([undefined, undefined, undefined]);
  await mkdir(join(root, 'dev'));
  await mkdir(join(root, 'run/udev/data'), { recursive: true });
  expect(await unseen(root)).toEqual([undefined, undefined, undefined]);
});

test('`/` is a host as well', async () => {
  expect(await host('/').hasDevice({ path: '/dev/null' })).toBe(true);
  expect(await host('/').hasDevice({ path: '/dev/no-such-device' })).toBe(false);
});

test('The disk is that of the files folder', async () => {
  expect(await host().disk()).toBeGreaterThan(2 ** 20);
  expect(await mountedHost({ clock: never, root, filesDir: join(root, 'none') }).disk()).toBeUndefined();
});

test('A device that udev tells of calls back at once, without a look now and then', async () => {
  await udev('c1:3', 'ID_VENDOR=X');
  const told = new Promise<void>((resolve) => {
    const end = host().watch(() => {
      end();
      resolve();
    });
  });
  await udev('c188:0', 'ID_VENDOR=FTDI');
  await told;
});
