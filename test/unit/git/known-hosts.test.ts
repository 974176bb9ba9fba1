import { createHmac, randomBytes } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { judgeHostKey, knownHostLine, knownTypes, parseKnownHosts } from '../../../src/git/transport/known-hosts.ts';

const KEYS = ['ssh-ed25519', 'ecdsa-sha2-nistp256', 'ssh-rsa'].map((type) => {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(type.length);
  return { type, blob: Buffer.concat([length, Buffer.from(type), randomBytes(32)]) };
});
const [ed25519, ecdsa, rsa] = KEYS as [(typeof KEYS)[0], (typeof KEYS)[0], (typeof KEYS)[0]];
const text = (key: { type: string; blob: Buffer }): string => `${key.type} ${key.blob.toString('base64')}`;
const hashed = (name: string): string => {
  const salt = randomBytes(20);
  return `|1|${salt.toString('base64')}|${createHmac('sha1', salt).update(name).digest('base64')}`;
};

test.each([
  ['git.example.org', 'git.example.org', 22, 'known'],
  ['git.example.org,10.0.0.1', '10.0.0.1', 22, 'known'],
  ['GIT.example.org', 'git.EXAMPLE.org', 22, 'known'],
  ['git.example.org', 'git.example.org', 2222, 'unknown'],
  ['[git.example.org]:2222', 'git.example.org', 2222, 'known'],
  ['[git.example.org]:2222', 'git.example.org', 22, 'unknown'],
  ['*.example.org', 'git.example.org', 22, 'known'],
  ['git?.example.org', 'git1.example.org', 22, 'known'],
  ['*.example.org,!git.example.org', 'git.example.org', 22, 'unknown'],
  ['*.example.org', 'example.org', 22, 'unknown'],
  [hashed('git.example.org'), 'git.example.org', 22, 'known'],
  [hashed('git.example.org'), 'other.example.org', 22, 'unknown'],
  [hashed('[git.example.org]:2222'), 'git.example.org', 2222, 'known'],
  ['|2|abc|def', 'git.example.org', 22, 'unknown'],
])('the line of %s is asked about %s port %i: %s', (hosts, host, port, expected) => {
  expect(judgeHostKey(parseKnownHosts(`${hosts} ${text(ed25519)} comment\n`), host, port, ed25519.blob)).toBe(expected);
});

describe('several keys of a host', () => {
  const lines = parseKnownHosts(
    `# comment\n\nhost ${text(rsa)}\r\nhost ${text(ecdsa)}\nnot enough\nother ${text(ed25519)}\n`,
  );

  test('any of them will do, and their types are asked for', () => {
    expect(judgeHostKey(lines, 'host', 22, rsa.blob)).toBe('known');
    expect(judgeHostKey(lines, 'host', 22, ecdsa.blob)).toBe('known');
    expect(knownTypes(lines, 'host', 22)).toEqual(['ssh-rsa', 'ecdsa-sha2-nistp256']);
  });

  test('another one, of whatever type, is a change', () => {
    expect(judgeHostKey(lines, 'host', 22, ed25519.blob)).toBe('changed');
  });
});

test('a revoked key is refused, even where the same line knows it', () => {
  const lines = parseKnownHosts(`host ${text(ed25519)}\n@revoked * ${text(ed25519)}\n`);
  expect(judgeHostKey(lines, 'host', 22, ed25519.blob)).toBe('revoked');
  expect(judgeHostKey(parseKnownHosts(`@revoked host ${text(rsa)}`), 'host', 22, ed25519.blob)).toBe('unknown');
});

test('an authority for certificates vouches for no key', () => {
  const lines = parseKnownHosts(`@cert-authority host ${text(ed25519)}\n`);
  expect(judgeHostKey(lines, 'host', 22, ed25519.blob)).toBe('unknown');
});

test('the line that is added for a new host is found again', () => {
  for (const port of [22, 2222]) {
    const line = knownHostLine('host', port, rsa.blob);
    expect(line).toMatch(port === 22 ? /^host ssh-rsa / : /^\[host\]:2222 ssh-rsa /);
    expect(judgeHostKey(parseKnownHosts(line), 'host', port, rsa.blob)).toBe('known');
  }
});
