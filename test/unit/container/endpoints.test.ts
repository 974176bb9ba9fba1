import { expect, test } from '@jest/globals';
import type { ContainerInspect, EndpointBody } from '../../../src/container/engine-api.ts';
import { readEndpoints } from '../../../src/container/networks.ts';
import { podman } from '../../../src/engine/dialects/podman.ts';

const inspected = (Status: string, networks: Record<string, EndpointBody>): ContainerInspect => ({
  Id: '0123456789abcdef',
  Name: '/web',
  Created: '',
  Image: 'sha256:1',
  RestartCount: 0,
  Config: { Image: 'web:1' },
  HostConfig: { NetworkMode: 'front' },
  State: { Status, ExitCode: 0, StartedAt: '', FinishedAt: '' },
  NetworkSettings: { Networks: networks },
});

const front = { IPAMConfig: { IPv4Address: '10.0.0.2' }, NetworkID: 'n1', EndpointID: 'e1' };
/** As Docker 20.10 and 28 show it after `Address already in use`. */
const refused = { IPAMConfig: { IPv4Address: '10.0.0.3' }, NetworkID: '', EndpointID: '' };

test.each(['running', 'paused'])('a container that is %s is not on a network that gave it no endpoint', (status) => {
  expect(Object.keys(readEndpoints(inspected(status, { front, refused })))).toEqual(['front']);
});

test.each(['created', 'exited', 'restarting'])('a container that is %s must be on all of its networks', (status) => {
  expect(Object.keys(readEndpoints(inspected(status, { front: { ...front, EndpointID: '' }, refused })))).toEqual([
    'front',
    'refused',
  ]);
});

test('on Podman, which tells no ID, a container is on the networks it names', () => {
  const found = inspected('running', { front: { NetworkID: 'front', EndpointID: '', IPAddress: '10.0.0.2' } });
  expect(Object.keys(readEndpoints(podman.fromInspect(found)))).toEqual(['front']);
});
