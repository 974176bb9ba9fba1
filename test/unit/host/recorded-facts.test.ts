import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type MountedHost, mountedHost } from '../../../src/host/mounted-host.ts';
import { recordedHost } from '../../../src/host/recorded-facts.ts';
import type { Clock } from '../../../src/lib/clock.ts';
import type { DeviceRequirement } from '../../../src/model/requirement.ts';

const never: Clock = { monotonic: () => 0, wall: () => new Date(0), random: () => 0, timer: () => () => {} };
const HEAD = { apiVersion: 'holdfast/v1', kind: 'Facts', site: 'a' } as const;

let root: string;
let machine: MountedHost;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'host-'));
  const device = async (path: string): Promise<void> => {
    await mkdir(dirname(join(root, path)), { recursive: true });
    execFileSync('mknod', [join(root, path), 'c', '1', '3']);
  };
  for (const path of ['/dev/null', '/dev/ttyUSB0', '/dev/snd/pcmC0D0p', '/dev/dri/renderD128', '/dev/pts/0'])
    await device(path);
  await mkdir(join(root, 'dev/serial/by-id'), { recursive: true });
  await symlink('../../ttyUSB0', join(root, 'dev/serial/by-id/usb-FTDI_A1'));
  await symlink('ttyUSB9', join(root, 'dev/gone'));
  await symlink('/dev/serial/by-id/usb-FTDI_A1', join(root, 'dev/till'));
  await symlink('a', join(root, 'dev/b'));
  await symlink('b', join(root, 'dev/a'));
  await writeFile(join(root, 'dev/a-file'), '');
  await mkdir(join(root, 'dev/empty'));
  await mkdir(join(root, 'run/udev/data'), { recursive: true });
  await writeFile(join(root, 'run/udev/data/c188:0'), 'E:ID_VENDOR=FTDI\nE:ID_VENDOR_ID=0403\nE:ID_MODEL=FT232R\n');
  machine = mountedHost({ clock: never, root, filesDir: root });
});
afterAll(() => rm(root, { recursive: true }));

test('all devices of a machine are listed, with links that lead to one', async () => {
  expect(await machine.devices()).toEqual([
    '/dev/dri/renderD128',
    '/dev/null',
    '/dev/serial/by-id/usb-FTDI_A1',
    '/dev/snd/pcmC0D0p',
    '/dev/till',
    '/dev/ttyUSB0',
  ]);
});

describe('a recorded machine answers as the machine itself', () => {
  const asked: DeviceRequirement[] = [
    ...[
      'ttyUSB0',
      'ttyUSB1',
      'ttyUSB*',
      'tty*1',
      'till',
      'gone',
      'a',
      'a-file',
      'empty',
      'snd',
      'snd/*',
      'dri',
      's*',
    ].map((name) => ({ path: `/dev/${name}` })),
    { path: '/dev/serial/by-id/usb-FTDI*' },
    { path: '/dev/serial/by-id/usb-RAK*' },
    { path: '/dev/serial' },
    { vendor: 'FTDI' },
    { vendor: '0403', model: 'FT232R' },
    { vendor: 'FTDI', model: 'other' },
  ];
  test.each(asked)('for %j', async (device) => {
    const recorded = recordedHost({ ...HEAD, devices: await machine.devices(), udev: await machine.known() });
    expect(await recorded.hasDevice(device)).toBe(await machine.hasDevice(device));
  });

  test('for GPUs and the disk', async () => {
    const recorded = recordedHost({ ...HEAD, gpus: await machine.gpus(), disk: await machine.disk() });
    expect([await recorded.gpus(), await recorded.disk()]).toEqual([1, await machine.disk()]);
  });
});

test('a thing that was not recorded is not known, and not away', async () => {
  const { hasDevice, gpus, disk } = recordedHost(HEAD);
  const answers = [
    await hasDevice({ path: '/dev/ttyUSB0' }),
    await hasDevice({ vendor: 'FTDI' }),
    await gpus(),
    await disk(),
  ];
  expect(answers).toEqual([undefined, undefined, undefined, undefined]);
  expect(await mountedHost({ clock: never, root: undefined, filesDir: '/' }).devices()).toBeUndefined();
});
