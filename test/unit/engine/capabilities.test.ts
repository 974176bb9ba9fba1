import { expect, test } from '@jest/globals';
import { factsOf, negotiate } from '../../../src/engine/dialects/capabilities.ts';

test('the newest version of the API that both know is spoken', () => {
  expect(negotiate({ ApiVersion: '1.41', MinAPIVersion: '1.12' })).toBe('1.41');
  expect(negotiate({ ApiVersion: '1.53', MinAPIVersion: '1.44' })).toBe('1.51');
  expect(negotiate({ ApiVersion: '1.60', MinAPIVersion: '1.52' })).toBeUndefined();
  expect(negotiate({ ApiVersion: '1.9', MinAPIVersion: '1.9' })).toBe('1.9');
});

test('the capabilities of an engine follow from its product and version', () => {
  expect(factsOf({ Version: '20.10.24' }, {}, '1.41').can).toMatchObject({
    update: true,
    networksAtCreate: false,
    removesJoined: true,
    startInterval: false,
  });
  expect(factsOf({ Version: '28' }, {}, '1.51')).toMatchObject({
    product: 'Docker',
    can: { update: true, networksAtCreate: true, removesJoined: true, startInterval: true, unreported: [] },
  });
  const podman = factsOf({ Version: '4.3.1', Components: [{ Name: 'Podman Engine' }] }, { Name: 'host' }, '1.41');
  expect(podman).toMatchObject({ product: 'Podman', can: { update: false } });
  expect(podman.can.unreported).toContain('LogConfig');
});

test('a field that the kernel cannot limit is not compared', () => {
  const without = (info: object) => factsOf({}, info, '1.51').can.unreported;
  expect(without({ SwapLimit: false })).toEqual(expect.arrayContaining(['MemorySwap', 'MemorySwappiness']));
  expect(without({ CgroupVersion: '2' })).toEqual(expect.arrayContaining(['OomKillDisable', 'MemorySwappiness']));
  expect(without({ CpuCfsQuota: false })).toContain('NanoCpus');
  expect(without({ Warnings: ['WARNING: No blkio weight support'] })).toContain('BlkioWeight');
  expect(without({ MemoryLimit: true, SwapLimit: true, OomKillDisable: true, CgroupVersion: '1' })).toEqual([]);
});
