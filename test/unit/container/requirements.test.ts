import { describe, expect, test } from '@jest/globals';
import { lacksForContainer, lacksForNetwork } from '../../../src/container/requirements.ts';
import { factsOf } from '../../../src/engine/dialects/capabilities.ts';
import type { ContainerSpec } from '../../../src/model/spec.ts';

const docker = (apiVersion: string) => factsOf({ Version: '2X' }, {}, apiVersion);
const podman = factsOf({ Version: '4.3.1', Components: [{ Name: 'Podman Engine' }] }, {}, '1.41');

describe('a key that an engine is too old for is named with the version it needs', () => {
  test.each<[string, Partial<ContainerSpec>, string, string]>([
    ['healthcheck.start_interval', { Healthcheck: { Test: ['CMD', 'a'], StartInterval: 1e9 } }, '1.44', '25.0'],
    [
      'volumes.bind.recursive',
      { Mounts: [{ Type: 'bind', Source: '/a', Target: '/b', ReadOnly: true, Recursive: 'readonly' }] },
      '1.44',
      '25.0',
    ],
    [
      'networks.mac_address on any but the first network',
      { Networks: { a: {}, b: { MacAddress: '02:42:ac:11:00:02' } } },
      '1.44',
      '25.0',
    ],
    [
      'volumes.volume.subpath',
      { Mounts: [{ Type: 'volume', Source: 'v', Target: '/b', Subpath: 'x' }] },
      '1.45',
      '26.0',
    ],
    ['volumes of type image', { Mounts: [{ Type: 'image', Source: 'i', Target: '/b' }] }, '1.48', '28.0'],
    ['networks.gw_priority', { Networks: { a: { GwPriority: 1 } } }, '1.48', '28.0'],
    [
      'networks.interface_name',
      { Networks: { a: { DriverOpts: { 'com.docker.network.endpoint.ifname': 'e' } } } },
      '1.49',
      '28.1',
    ],
    ['links', { Networks: { a: { Links: ['x:y'] } } }, '1.22', '1.10'],
    ['security_opt: systempaths=unconfined', { SecurityOpt: ['systempaths=unconfined'] }, '1.38', '18.09'],
  ])('%s', (key, part, api, release) => {
    const spec = { Image: 'app', ...part };
    const older = `1.${Number(api.slice(2)) - 1}`;
    expect(lacksForContainer(spec, docker(older))).toBe(
      `${key} needs Docker ${release} (API ${api}); the engine is Docker 2X (API ${older})`,
    );
    expect(lacksForContainer(spec, docker(api))).toBeUndefined();
    expect(lacksForContainer(spec, podman)).toContain('the engine is Podman 4.3.1');
  });

  test('networks without IPv4', () => {
    const spec = { Name: 'n', EnableIPv4: false };
    expect(lacksForNetwork(spec, docker('1.47'))).toContain('enable_ipv4: false needs Docker 28.0');
    expect(lacksForNetwork(spec, docker('1.48'))).toBeUndefined();
  });

  test('a MAC address on the only network is known to all', () => {
    const Networks = { a: { MacAddress: '02:42:ac:11:00:02' } };
    expect(lacksForContainer({ Image: 'app', Networks }, docker('1.41'))).toBeUndefined();
  });

  test('everything else is known to all', () => {
    expect(lacksForContainer({ Image: 'app', Memory: 1, Networks: { a: {} } }, docker('1.41'))).toBeUndefined();
  });
});
