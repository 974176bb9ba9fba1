import { describe, expect, test } from '@jest/globals';
import { parseRemote, redact, repoName } from '../../../src/source/remote.ts';

describe('parseRemote', () => {
  test('takes user and password out of the URL', () => {
    expect(parseRemote('https://me:p%40ss@git.example.org:8443/team/edge.git/')).toEqual({
      url: 'https://git.example.org:8443/team/edge.git',
      name: 'edge',
      credentials: { username: 'me', password: 'p@ss' },
    });
    expect(parseRemote('https://token@host/edge')).toEqual({
      url: 'https://host/edge',
      name: 'edge',
      credentials: { username: 'token', password: '' },
    });
  });

  test.each([
    ['git@host:team/edge.git', 'The repo host:team/edge.git cannot be fetched (write an https:// or http:// URL)'],
    ['ssh://me:secret@host/edge', 'The repo ssh://host/edge cannot be fetched (write an https:// or http:// URL)'],
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
