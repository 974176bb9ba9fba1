import { hostname } from 'node:os';
import { expect, test } from '@jest/globals';
import { filesAsWanted, isOtherMachine, locationOf, withoutFiles } from '../../../src/cli/engine/elsewhere.ts';
import { app, file, service, site } from '../../support/site/site-builder.ts';

test.each([
  ['unix:///var/run/docker.sock', 'here'],
  ['', 'here'],
  ['tcp://127.0.0.1:2375', 'loopback'],
  ['tcp://localhost:2375', 'loopback'],
  ['tcp://[::1]:2375', 'loopback'],
  ['tcp://10.0.0.7:2376', 'elsewhere'],
  ['tcp://localhost.example.com:2376', 'elsewhere'],
  ['ssh://root@localhost', 'elsewhere'],
  ['ssh://site', 'elsewhere'],
])('an engine at %s is %s', (host, expected) => {
  expect(locationOf(host)).toBe(expected);
});

test('behind a tunnel to this machine an engine tells the name of another one', () => {
  expect(isOtherMachine('shop-17')).toBe(true);
  expect([hostname(), 'docker-desktop', undefined].map(isOtherMachine)).toEqual([false, false, false]);
});

test('apps with files of Git are refused there, each by name, and the others are not', () => {
  const wanted = site(app('plain', service('web')), app('shop', file('/apps/shop/x', 'one'), service('web')));
  const { apps, broken } = withoutFiles(wanted);
  expect(apps.map(({ name }) => name)).toEqual(['plain']);
  expect(broken.map(({ name, problems }) => [name, problems[0]?.message])).toEqual([
    ['shop', expect.stringContaining('/apps/shop/x')],
  ]);
  expect(Object.keys(filesAsWanted(wanted))).toEqual(['/apps/shop/x']);
});
