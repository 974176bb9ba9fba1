import { expect, test } from '@jest/globals';
import { filesAsWanted, isElsewhere, withoutFiles } from '../../../src/cli/elsewhere.ts';
import { app, file, service, site } from '../../support/site-builder.ts';

test.each([
  ['unix:///var/run/docker.sock', false],
  ['tcp://127.0.0.1:2375', false],
  ['tcp://localhost:2375', false],
  ['tcp://[::1]:2375', false],
  ['tcp://10.0.0.7:2376', true],
  ['tcp://localhost.example.com:2376', true],
  ['ssh://root@localhost', true],
  ['ssh://site', true],
])('an engine at %s is elsewhere: %s', (host, expected) => {
  expect(isElsewhere(host)).toBe(expected);
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
