import { expect, test } from '@jest/globals';
import { connectionFrom } from '../../../src/engine/client/connection.ts';
import { sshArguments } from '../../../src/engine/client/ssh-tunnel.ts';

const words = (address: string) => sshArguments(new URL(address)).join(' ');
const END = 'system dial-stdio';

test('ssh gets the user, the port and the host, and what to run there', () => {
  expect(words('ssh://shop-17')).toBe(`-o ConnectTimeout=30 -T -- shop-17 docker ${END}`);
  expect(words('ssh://me@shop-17:2222')).toBe(`-o ConnectTimeout=30 -T -l me -p 2222 -- shop-17 docker ${END}`);
  expect(words('ssh://[fd00::1]/run/user/1000/docker.sock')).toBe(
    `-o ConnectTimeout=30 -T -- fd00::1 docker --host unix:///run/user/1000/docker.sock ${END}`,
  );
});

test('nothing in the address is an option or a command', () => {
  expect(sshArguments(new URL('ssh://-oProxyCommand=x@host')).slice(3, 6)).toEqual(['-l', '-oProxyCommand=x', '--']);
  expect(() => sshArguments(new URL('ssh://host/run/$(x).sock'))).toThrow('not a plain path');
  expect(() => sshArguments(new URL('ssh://me:secret@host'))).toThrow('holds a password');
});

test('an address that is none is an input error that names it', async () => {
  for (const address of ['docker', 'http://host', 'npipe:////./pipe/docker']) {
    await expect(connectionFrom({}, address)).rejects.toMatchObject({
      code: 'INPUT',
      message: expect.stringContaining(address),
    });
  }
  await expect(connectionFrom({ DOCKER_HOST: 'tcp://h:1', DOCKER_TLS: '1' })).rejects.toMatchObject({ code: 'INPUT' });
  await expect(
    connectionFrom({ DOCKER_HOST: 'tcp://h:1', DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: '/no/such' }),
  ).rejects.toMatchObject({
    message: expect.stringContaining('/no/such/ca.pem'),
  });
});
