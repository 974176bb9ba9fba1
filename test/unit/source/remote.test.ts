import { describe, expect, test } from '@jest/globals';
import { repoName } from '../../../src/git/remote.ts';
import { redact } from '../../../src/net/redact.ts';
import { parseRemote } from '../../../src/source/remote.ts';

describe('parseRemote', () => {
  test('takes user and password out of the URL', () => {
    expect(parseRemote('https://me:p%40ss@git.example.org:8443/team/edge.git/')).toEqual({
      kind: 'http',
      url: 'https://git.example.org:8443/team/edge.git',
      name: 'edge',
      credentials: { username: 'me', password: 'p@ss' },
    });
    expect(parseRemote('https://token@host/edge')).toEqual({
      kind: 'http',
      url: 'https://host/edge',
      name: 'edge',
      credentials: { username: 'token', password: '' },
    });
  });

  test.each([
    ['git@host:team/edge.git', { user: 'git', host: 'host', port: 22, path: 'team/edge.git' }],
    ['git@host:/srv/edge.git', { user: 'git', host: 'host', port: 22, path: '/srv/edge.git' }],
    ['git@[fd00::1]:edge.git', { user: 'git', host: 'fd00::1', port: 22, path: 'edge.git' }],
    ['ssh://site@host:2222/srv/my%20edge', { user: 'site', host: 'host', port: 2222, path: '/srv/my edge' }],
    ['ssh://host/~me/edge', { user: 'git', host: 'host', port: 22, path: '~me/edge' }],
  ])('%s is reached by SSH', (url, address) => {
    expect(parseRemote(url)).toMatchObject({ kind: 'ssh', address });
  });

  test.each(['/srv/git/edge.git/', 'file:///srv/git/edge.git'])('%s is a folder', (url) => {
    expect(parseRemote(url)).toEqual({
      kind: 'folder',
      url: '/srv/git/edge.git',
      name: 'edge',
      dir: '/srv/git/edge.git',
    });
  });

  test.each([
    ['secret@host', 'The repo host cannot be fetched (write an https://, ssh:// or oci:// URL'],
    ['me:secret@host:edge', 'The repo host:edge cannot be fetched (write an https://, ssh:// or oci:// URL'],
    ['git://host/edge', 'The repo git://host/edge cannot be fetched'],
    ['./edge', 'The repo ./edge cannot be fetched'],
    ['ssh://me:secret@host/edge', 'The repo ssh://host/edge holds a password in its URL (SSH is used with a key)'],
    ['ssh://git@host', 'The repo on host has a path that cannot be asked for'],
    ['git@host:-oops', 'The repo on host has a path that cannot be asked for'],
    ['https://me:sec/ret@host/edge', 'The repo https://host/edge is not a valid URL'],
    ['https://host/edge?token=secret', 'The repo https://host/edge must have no query and no fragment in its URL'],
  ])('%s is refused without its secret', (url, message) => {
    expect(() => parseRemote(url)).toThrow(message);
    expect(() => parseRemote(url)).not.toThrow('secret');
  });
});

test('redact takes credentials out of every URL in a text', () => {
  expect(redact('clone https://a:b@h/x and http://t@h:1/y, not mail to me@h')).toBe(
    'clone https://h/x and http://h:1/y, not mail to me@h',
  );
  expect(redact('https://host/path@2?x=1')).toBe('https://host/path@2?x=1');
});

test.each([
  ['https://host/team/edge.git', 'edge'],
  ['git@host:edge.git', 'edge'],
  ['/srv/git/edge/', 'edge'],
  ['https://host/edge.config', 'edge.config'],
])('the repo %s is called %s', (url, name) => {
  expect(repoName(url)).toBe(name);
});
