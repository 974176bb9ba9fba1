import { describe, expect, test } from '@jest/globals';
import {
  differences,
  endpointDifferences,
  networkDifferences,
  volumeDifferences,
} from '../../../src/container/compare.ts';
import type { ContainerSpec } from '../../../src/model/spec.ts';
import { NEW_DOCKER, texts } from '../../support/values/comparing.ts';

const M = 2 ** 20;

describe('texts', () => {
  test.each<[Partial<ContainerSpec>, Partial<ContainerSpec>, string]>([
    [{ Memory: 64 * M }, { Memory: 128 * M }, 'memory: 128m, wanted 64m'],
    [{ Memory: 1.5 * 1024 * M }, {}, 'memory: unlimited, wanted 1.5g'],
    [{ NanoCpus: 5e8 }, { NanoCpus: 25e7 }, 'cpus: 0.25, wanted 0.5'],
    [{}, { RestartPolicy: { Name: 'always' } }, 'restart: always, wanted no'],
    [{ RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 3 } }, {}, 'restart: no, wanted on-failure:3'],
    [{ Env: { A: '1', B: '2' } }, { Env: { A: 'x', C: '3' } }, 'environment: A differs; B is missing; C is not wanted'],
    [{ Cmd: ['a'] }, { Cmd: ['b'] }, 'command differs'],
    [{ Privileged: true }, {}, 'privileged: false, wanted true'],
    [{ CapAdd: ['NET_ADMIN', 'SYS_TIME'] }, { CapAdd: ['SYS_TIME'] }, 'cap_add: SYS_TIME, wanted NET_ADMIN, SYS_TIME'],
    [
      { PortBindings: [{ Container: '80/tcp', HostIp: '127.0.0.1', HostPort: '8080' }] },
      { PortBindings: [{ Container: '80/tcp', HostIp: '', HostPort: '8080' }] },
      'ports: 8080->80/tcp, wanted 127.0.0.1:8080->80/tcp',
    ],
    [
      { Mounts: [{ Type: 'volume', Source: 'data', Target: '/d' }] },
      { Mounts: [{ Type: 'bind', Source: '/srv', Target: '/d', ReadOnly: true }] },
      'volumes: /d is /srv, ro, wanted data',
    ],
    [
      { Healthcheck: { Test: ['CMD', 'a'], Interval: 5e9 } },
      { Healthcheck: { Test: ['CMD', 'b'], Interval: 9e9 } },
      'healthcheck: interval is 9s, wanted 5s; test differs',
    ],
    [{ NetworkMode: 'host' }, { Networks: { a: {} } }, 'network_mode: its networks, wanted host'],
    [{ StopTimeout: 30 }, {}, 'stop_grace_period: 10s, wanted 30s'],
  ])('%j against %j', (desired, observed, text) => {
    expect(texts(desired, observed)).toContain(text);
  });
});

describe('two ways to say the same are no difference', () => {
  test.each<[Partial<ContainerSpec>, Partial<ContainerSpec>]>([
    [{ CapAdd: ['NET_ADMIN', 'SYS_TIME'] }, { CapAdd: ['CAP_SYS_TIME', 'net_admin'] }],
    [{ StopSignal: 'SIGTERM' }, { StopSignal: '15' }],
    [{ StopSignal: 'SIGRTMIN+3' }, { StopSignal: '37' }],
    [{ StopTimeout: 10 }, {}],
    [{ ShmSize: 64 * M }, { ShmSize: 64 * M }],
    [
      {},
      {
        ShmSize: 64 * M,
        IpcMode: 'private',
        CgroupnsMode: 'host',
        Runtime: 'runc',
        LogConfig: { Type: 'json-file', Config: {} },
      },
    ],
    [{ RestartPolicy: { Name: 'no' } }, {}],
    [{ PidsLimit: -1 }, {}],
    [{ PidsLimit: 0 }, {}],
    [{ Memory: 64 * M }, { Memory: 64 * M, MemorySwap: 128 * M }],
    [{ ExtraHosts: ['a=1.2.3.4', 'b:::1'] }, { ExtraHosts: ['b:::1', 'a:1.2.3.4'] }],
    [{ WorkingDir: '/srv/' }, { WorkingDir: '/srv' }],
    [{ WorkingDir: '/' }, {}],
    [
      { SecurityOpt: ['seccomp:unconfined', 'no-new-privileges:true'] },
      { SecurityOpt: ['no-new-privileges', 'seccomp=unconfined'] },
    ],
    [{ Privileged: true }, { Privileged: true, SecurityOpt: ['label=disable'] }],
    [
      { Devices: [{ PathOnHost: '/dev/x', PathInContainer: '/dev/x', CgroupPermissions: '' }] },
      { Devices: [{ PathOnHost: '/dev/x', PathInContainer: '/dev/x', CgroupPermissions: 'mwr' }] },
    ],
    [
      { Mounts: [{ Type: 'bind', Source: '/a/', Target: '/b/' }] },
      { Mounts: [{ Type: 'bind', Source: '/a', Target: '/b' }] },
    ],
    [{ Tmpfs: { '/run': 'size=64m,mode=1777' } }, { Tmpfs: { '/run': 'mode=1777,size=67108864' } }],
    [
      { PortBindings: [{ Container: '80/tcp', HostIp: '[::1]', HostPort: '80' }] },
      { PortBindings: [{ Container: '80/tcp', HostIp: '::1', HostPort: '80' }] },
    ],
    [
      { ExposedPorts: ['80/tcp'], PortBindings: [{ Container: '80/tcp', HostIp: '', HostPort: '80' }] },
      { ExposedPorts: ['80/tcp'], PortBindings: [{ Container: '80/tcp', HostIp: '', HostPort: '80' }] },
    ],
    [{ NetworkMode: 'bridge' }, { NetworkMode: 'bridge' }],
    [{}, { NetworkMode: 'bridge' }],
    [{ Healthcheck: { Test: ['NONE'] } }, { Healthcheck: { Test: ['NONE'], Interval: 5e9 } }],
    [
      { Healthcheck: { Test: ['CMD', 'a'], StartPeriod: 0 } },
      { Healthcheck: { Test: ['CMD', 'a'], Interval: 30e9, Timeout: 30e9, Retries: 3 } },
    ],
    [{ Labels: { a: 'b' } }, { Labels: { a: 'b', 'dev.holdfast.app': 'x', 'com.docker.compose.project': 'x' } }],
    [{ Env: { GONE: null } }, {}],
    [{ CpusetCpus: '' }, {}],
  ])('%j and %j', (desired, observed) => {
    const at = (spec: Partial<ContainerSpec>) => ({ NetworkMode: 'bridge', ...spec });
    expect(texts(at(desired), at(observed))).toEqual([]);
  });
});

test('the order matters for DNS servers and commands, and for nothing that is a set', () => {
  expect(texts({ Dns: ['1.1.1.1', '8.8.8.8'] }, { Dns: ['8.8.8.8', '1.1.1.1'] })).toContain(
    'dns: 8.8.8.8, 1.1.1.1, wanted 1.1.1.1, 8.8.8.8',
  );
});

test('a row that the engine does not report is not compared', () => {
  const can = { ...NEW_DOCKER, unreported: ['Sysctls' as const] };
  expect(texts({ Sysctls: { a: '1' }, NetworkMode: 'host' }, { NetworkMode: 'host' }, {}, can)).toEqual([]);
});

test('the three states of init are three', () => {
  const states = [undefined, true, false] as const;
  for (const desired of states) {
    for (const observed of states) {
      const spec = (Init: boolean | undefined) =>
        Init === undefined ? { NetworkMode: 'host' } : { NetworkMode: 'host', Init };
      expect(texts(spec(desired), spec(observed)).length).toBe(desired === observed ? 0 : 1);
    }
  }
});

test('limits are set in place, but not taken away', () => {
  const inPlace = (desired: Partial<ContainerSpec>, observed: Partial<ContainerSpec>) =>
    differences({ Image: 'app', ...desired }, { Image: 'app', NetworkMode: 'bridge', ...observed }, {}, NEW_DOCKER).map(
      (each) => [each.field, each.inPlace],
    );
  expect(inPlace({ Memory: M }, { Memory: 2 * M })).toEqual([['Memory', true]]);
  expect(inPlace({}, { Memory: 2 * M })).toEqual([['Memory', false]]);
  expect(inPlace({}, { RestartPolicy: { Name: 'always' } })).toEqual([['RestartPolicy', true]]);
  expect(inPlace({ User: 'a' }, {})).toEqual([['User', false]]);
});

describe('endpoints', () => {
  test('a network missing, one too many, and one joined otherwise', () => {
    const wanted = { a: {}, b: { Aliases: ['db'], IPv4Address: '10.0.0.2' } };
    const found = { b: { Aliases: ['db', 'old'], IPv4Address: '10.0.0.3' }, c: {} };
    expect(endpointDifferences(wanted, found)).toEqual([
      { network: 'a', kind: 'missing', text: 'not connected to a' },
      { network: 'b', kind: 'changed', text: 'on b: aliases db old, wanted db; address 10.0.0.3, wanted 10.0.0.2' },
      { network: 'c', kind: 'extra', text: 'connected to c, which it should not be' },
    ]);
  });
  test('an alias said twice, a priority, and a MAC address nobody asked for are no difference', () => {
    expect(
      endpointDifferences(
        { a: { Aliases: ['x', 'x'], Priority: 5 } },
        { a: { Aliases: ['x'], MacAddress: '02:42:ac:11:00:02' } },
      ),
    ).toEqual([]);
  });
  test('a MAC address is compared where one was asked for and one is there', () => {
    expect(
      endpointDifferences({ a: { MacAddress: '02:00:00:00:00:AA' } }, { a: { MacAddress: '02:00:00:00:00:aa' } }),
    ).toEqual([]);
    expect(endpointDifferences({ a: { MacAddress: '02:00:00:00:00:aa' } }, { a: {} })).toEqual([]);
    expect(
      endpointDifferences({ a: { MacAddress: '02:00:00:00:00:aa' } }, { a: { MacAddress: '02:00:00:00:00:bb' } }),
    ).toHaveLength(1);
  });
});

describe('networks', () => {
  test('a value that the engine chose is no difference', () => {
    const found = {
      Name: 'a',
      Driver: 'bridge',
      IPAM: { Driver: 'default', Config: [{ Subnet: '172.20.0.0/16', Gateway: '172.20.0.1' }] },
    };
    expect(networkDifferences({ Name: 'a' }, found)).toEqual([]);
    expect(networkDifferences({ Name: 'a', IPAM: { Config: [{ Subnet: '172.20.0.0/16' }] } }, found)).toEqual([]);
  });
  test('each value that was asked for in another way is a difference', () => {
    const wanted = {
      Name: 'a',
      Internal: true,
      DriverOpts: { mtu: '9000' },
      Labels: { x: '1' },
      IPAM: { Config: [{ Subnet: '10.0.0.0/8' }] },
    };
    expect(
      networkDifferences(wanted, { Name: 'a', Driver: 'bridge', IPAM: { Config: [{ Subnet: '172.20.0.0/16' }] } }),
    ).toEqual([
      'internal: false, wanted true',
      'driver_opts: mtu is missing',
      'ipam: 172.20.0.0/16, wanted 10.0.0.0/8',
      'labels: x is missing',
    ]);
  });
});

test('a volume differs by its driver and options, not by its labels, and no option is told', () => {
  const wanted = { Name: 'v', DriverOpts: { type: 'cifs', o: 'password=hunter2' }, Labels: { a: 'b' } };
  const words = volumeDifferences(wanted, {
    Name: 'v',
    Driver: 'local',
    DriverOpts: { type: 'cifs', o: 'password=old' },
  });
  expect(words).toEqual(['driver_opts: o differs']);
  expect(volumeDifferences({ Name: 'v', Labels: { a: 'b' } }, { Name: 'v', Driver: 'local' })).toEqual([]);
});
