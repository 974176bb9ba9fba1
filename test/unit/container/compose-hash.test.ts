import { expect, test } from '@jest/globals';
import { composeNetworkHash, composeVolumeHash } from '../../../src/container/labels/compose-hash.ts';

// Labels that Docker Compose 2.40.3 wrote for these declarations.
test.each([
  [{ Name: 'lv28339_back' }, '49c15eeed3f1ca8410ca1d18dda7ccd64052016f0dadd0897fe22291d22ee807'],
  [
    {
      Name: 'hhtest77_n1',
      Driver: 'bridge',
      DriverOpts: { 'com.docker.network.bridge.name': 'hhx1', a: '1' },
      Labels: { z: '1', a: 'b<c>&' },
      Internal: true,
      Attachable: true,
    },
    '94bb938c418af3c0c645f113ae9b514220659d74c09afcf3339de2e3ca7186b2',
  ],
  [
    {
      Name: 'hhtest77_n2',
      EnableIPv6: false,
      IPAM: {
        Driver: 'default',
        Config: [
          {
            Subnet: '10.211.7.0/24',
            Gateway: '10.211.7.1',
            IPRange: '10.211.7.0/25',
            AuxiliaryAddresses: { h: '10.211.7.9' },
          },
        ],
      },
    },
    '66d43e39582b7e5171d8c6a33c5b1671468baa5882dc844c7e788891c62ac838',
  ],
])('a network %j has the hash that Compose gives it', (spec, hash) => {
  expect(composeNetworkHash(spec)).toBe(hash);
});

test.each([
  [{ Name: 'hhtest77_v1' }, '535889b82feb58d964699ce319478e0be0b4d2b9abef4b508d98210f69bb83a5'],
  [
    { Name: 'hhtest77_v2', DriverOpts: { type: 'tmpfs', device: 'tmpfs', o: 'size=1m' }, Labels: { a: 'é' } },
    '9c2ef92af66fe74fcfb02823d59bec65e0912c3f16ace8b3d406d8ed51d10b51',
  ],
])('a volume %j has the hash that Compose gives it', (spec, hash) => {
  expect(composeVolumeHash(spec)).toBe(hash);
});
