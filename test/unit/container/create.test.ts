import { describe, expect, test } from '@jest/globals';
import type { ContainerInspect } from '../../../src/container/engine-api.ts';
import { inheritable } from '../../../src/container/fields/mounts.ts';
import { readSpec } from '../../../src/container/from-api.ts';
import { ASKED_LABEL, askedOf } from '../../../src/container/labels/asked.ts';
import { primaryNetwork } from '../../../src/container/networks.ts';
import { createBody, updateBody } from '../../../src/container/to-api.ts';
import type { ContainerSpec } from '../../../src/model/spec.ts';

const M = 2 ** 20;
const body = (spec: Partial<ContainerSpec>, more: object = {}) =>
  createBody({ spec: { Image: 'app', ...spec }, labels: {}, joins: {}, inherit: {}, networksAtCreate: true, ...more });

describe('the request', () => {
  test('has plain binds and volumes as Binds, so that missing folders are made', () => {
    const { HostConfig } = body({
      Mounts: [
        { Type: 'bind', Source: '/a', Target: '/b', ReadOnly: true, SELinux: 'z' },
        { Type: 'volume', Source: 'data', Target: '/data' },
      ],
    });
    expect(HostConfig.Binds).toEqual(['/a:/b:ro,z', 'data:/data:rw']);
    expect(HostConfig.Mounts).toBeUndefined();
  });
  test('has as Mounts what Binds have no words for, and no false or zero in them', () => {
    const { HostConfig } = body({
      Mounts: [
        { Type: 'bind', Source: '/a', Target: '/b', MustExist: true, ReadOnly: false },
        { Type: 'volume', Target: '/anonymous' },
        { Type: 'volume', Source: 'data', Target: '/part', Subpath: 'sub', NoCopy: true },
        { Type: 'tmpfs', Target: '/tmp', SizeBytes: 0 },
        { Type: 'bind', Source: '/with:colon', Target: '/c' },
        { Type: 'bind', Source: '/a', Target: '/p', Propagation: 'rslave' },
        { Type: 'bind', Source: '/a', Target: '/r', ReadOnly: true, MustExist: true, Recursive: 'readonly' },
        { Type: 'volume', Source: 'data', Target: '/l', Labels: { a: 'b' } },
        { Type: 'image', Source: 'app:2', Target: '/i', Subpath: 'etc' },
      ],
    });
    expect(HostConfig.Binds).toBeUndefined();
    expect(HostConfig.Mounts).toEqual([
      { Type: 'bind', Source: '/a', Target: '/b' },
      { Type: 'volume', Target: '/anonymous' },
      { Type: 'volume', Source: 'data', Target: '/part', VolumeOptions: { NoCopy: true, Subpath: 'sub' } },
      { Type: 'tmpfs', Target: '/tmp' },
      { Type: 'bind', Source: '/with:colon', Target: '/c', BindOptions: { CreateMountpoint: true } },
      {
        Type: 'bind',
        Source: '/a',
        Target: '/p',
        BindOptions: { Propagation: 'rslave', CreateMountpoint: true },
      },
      {
        Type: 'bind',
        Source: '/a',
        Target: '/r',
        ReadOnly: true,
        BindOptions: { ReadOnlyForceRecursive: true },
      },
      { Type: 'volume', Source: 'data', Target: '/l', VolumeOptions: { Labels: { a: 'b' } } },
      { Type: 'image', Source: 'app:2', Target: '/i', ImageOptions: { Subpath: 'etc' } },
    ]);
  });
  test('names the containers whose volumes it mounts by ID, or as they are called', () => {
    const { HostConfig } = body({ VolumesFrom: ['service:db', 'container:other'] }, { joins: { 'service:db': '123' } });
    expect(HostConfig.VolumesFrom).toEqual(['123', 'other']);
  });
  test('says the MAC address of the only network at create for the container, where engines are that old', () => {
    const spec = { Networks: { front: { MacAddress: '02:42:ac:11:00:02' } } };
    expect(body(spec).NetworkingConfig).toEqual({ EndpointsConfig: spec.Networks });
    const old = body(spec, { networksAtCreate: false });
    expect(old).toMatchObject({
      MacAddress: '02:42:ac:11:00:02',
      NetworkingConfig: { EndpointsConfig: { front: {} } },
    });
  });
  test('takes over unnamed volumes, for mounts without a name and for volumes of the image', () => {
    const inherit = { '/asked': 'a'.repeat(64), '/of-image': 'b'.repeat(64) };
    const { HostConfig } = body({ Mounts: [{ Type: 'volume', Target: '/asked/' }] }, { inherit });
    expect(HostConfig.Binds).toEqual([`${'a'.repeat(64)}:/asked/:rw`, `${'b'.repeat(64)}:/of-image:rw`]);
  });
  test('publishes on every address of a port, and exposes it', () => {
    const { HostConfig, ExposedPorts } = body({
      ExposedPorts: ['9'],
      PortBindings: [
        { Container: '80/tcp', HostIp: '', HostPort: '8080' },
        { Container: '80/tcp', HostIp: '[::1]', HostPort: '8081' },
      ],
    });
    expect(ExposedPorts).toEqual({ '80/tcp': {}, '9/tcp': {} });
    expect(HostConfig.PortBindings).toEqual({
      '80/tcp': [
        { HostIp: '', HostPort: '8080' },
        { HostIp: '::1', HostPort: '8081' },
      ],
    });
  });
  test('joins what it is told to by ID', () => {
    const { HostConfig } = body(
      { NetworkMode: 'service:vpn', PidMode: 'container:other' },
      { joins: { 'service:vpn': '123' } },
    );
    expect(HostConfig).toMatchObject({ NetworkMode: 'container:123', PidMode: 'container:other' });
  });
  test('asks an old engine for the primary network alone', () => {
    const Networks = { a: {}, b: { Priority: 5, Aliases: ['x', 'x'] } };
    expect(body({ Networks }, { networksAtCreate: false })).toMatchObject({
      HostConfig: { NetworkMode: 'b' },
      NetworkingConfig: { EndpointsConfig: { b: { Aliases: ['x'] } } },
    });
    expect(Object.keys(body({ Networks }).NetworkingConfig?.EndpointsConfig ?? {})).toEqual(['a', 'b']);
  });
  test('lays labels of ownership over the user’s', () => {
    const labels = { 'dev.holdfast.site': 'real' };
    expect(body({ Labels: { a: 'b', 'dev.holdfast.site': 'forged' } }, { labels }).Labels).toEqual({
      a: 'b',
      'dev.holdfast.site': 'real',
    });
  });
  test('opens all of /proc for systempaths=unconfined, which no engine knows', () => {
    const { HostConfig } = body({ SecurityOpt: ['systempaths=unconfined', 'no-new-privileges'] });
    expect(HostConfig).toMatchObject({ SecurityOpt: ['no-new-privileges'], MaskedPaths: [], ReadonlyPaths: [] });
  });
});

test('the primary network has the highest priority, then the first name', () => {
  expect(primaryNetwork({ b: {}, a: {} })).toBe('a');
  expect(primaryNetwork({ b: { Priority: 1 }, a: {} })).toBe('b');
  expect(primaryNetwork(undefined)).toBeUndefined();
});

test('an update raises swap with memory, and says no where a policy goes', () => {
  expect(updateBody({ Memory: 64 * M })).toEqual({ Memory: 64 * M, MemorySwap: 128 * M });
  expect(updateBody({ Memory: 64 * M, MemorySwap: -1 })).toEqual({ Memory: 64 * M, MemorySwap: -1 });
  expect(updateBody({ RestartPolicy: { Name: 'no' }, NanoCpus: 5e8 })).toEqual({
    RestartPolicy: { Name: 'no' },
    NanoCpus: 5e8,
  });
});

test('only unnamed volumes that still have a place are taken over', () => {
  const volumes = { '/data': 'a', '/gone': 'b', '/mine': 'c', '/named': 'd' };
  const spec: ContainerSpec = {
    Image: 'app',
    Mounts: [
      { Type: 'volume', Target: '/mine/' },
      { Type: 'volume', Source: 'x', Target: '/named' },
    ],
  };
  expect(inheritable(spec, { Volumes: ['/data', '/named'] }, volumes)).toEqual({ '/data': 'a', '/mine': 'c' });
  expect(inheritable(spec, undefined, volumes)).toEqual({ '/data': 'a', '/gone': 'b', '/mine': 'c' });
});

describe('values that the engine fills in from its own configuration', () => {
  const inspect = (spec: Partial<ContainerSpec> | undefined): ContainerInspect => ({
    Id: 'c'.repeat(64),
    Name: '/web',
    Created: '',
    Image: 'sha256:1',
    RestartCount: 0,
    Config: {
      Image: 'app',
      Hostname: 'host-of-the-site',
      Labels: spec ? { [ASKED_LABEL]: askedOf({ Image: 'app', ...spec }) } : {},
    },
    HostConfig: {
      NetworkMode: 'host',
      Runtime: 'nvidia',
      ShmSize: 128 * M,
      LogConfig: { Type: 'local', Config: { 'max-size': '10m', 'max-file': '3' } },
      Ulimits: [{ Name: 'nofile', Soft: 1, Hard: 2 }],
    },
    State: { Status: 'running', ExitCode: 0, StartedAt: '', FinishedAt: '' },
  });
  const alone = { nameOf: () => undefined, serviceOf: () => undefined };

  test('is left out where nobody asked for it', () => {
    const { Labels: _, ...spec } = readSpec(inspect({}), alone);
    expect(spec).toEqual({ Image: 'app', NetworkMode: 'host' });
  });
  test('stays where somebody did, option by option', () => {
    const wanted = {
      Runtime: 'nvidia',
      LogConfig: { Config: { 'max-size': '10m' } },
      Ulimits: [{ Name: 'nofile', Soft: 1, Hard: 2 }],
    };
    expect(readSpec(inspect(wanted), alone)).toMatchObject(wanted);
    expect(readSpec(inspect(wanted), alone).ShmSize).toBeUndefined();
  });
  test('is kept whole on a container without the label, which somebody else made', () => {
    expect(readSpec(inspect(undefined), alone)).toMatchObject({ Runtime: 'nvidia', ShmSize: 128 * M });
  });
  test('the label has no value of an option', () => {
    expect(
      askedOf({
        Image: 'app',
        LogConfig: { Type: 'splunk', Config: { 'splunk-token': 'hunter2' } },
        Env: { HOME: 'hunter2' },
      }),
    ).not.toContain('hunter2');
  });
});
