import { expect, test } from '@jest/globals';
import { InputError } from '../../../src/lib/errors.ts';
import { isLoopback, ociUrl, parseOci, registryHost } from '../../../src/registry/oci/oci-reference.ts';
import { parseRemote } from '../../../src/source/remote.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;

test.each([
  ['oci://ghcr.io/team/fleet', { registry: 'ghcr.io', repository: 'team/fleet', tag: 'latest' }],
  ['oci://GHCR.io:443/fleet:v1.2_x', { registry: 'ghcr.io:443', repository: 'fleet', tag: 'v1.2_x' }],
  ['oci://127.0.0.1:5000/a/b-c__d:main', { registry: '127.0.0.1:5000', repository: 'a/b-c__d', tag: 'main' }],
  ['oci://[::1]:5000/a:main', { registry: '[::1]:5000', repository: 'a', tag: 'main' }],
  [`oci://host/a@${DIGEST}`, { registry: 'host', repository: 'a', tag: 'latest', digest: DIGEST }],
  [`oci://host/a:main@${DIGEST}`, { registry: 'host', repository: 'a', tag: 'main', digest: DIGEST }],
  ['oci://index.docker.io/me/fleet:x', { registry: 'docker.io', repository: 'me/fleet', tag: 'x' }],
])('%s', (text, expected) => {
  expect(parseOci(text)).toEqual(expected);
});

test.each([
  'oci://',
  'oci://host',
  'oci:///a',
  'oci://host/A',
  'oci://host/a//b',
  'oci://host/../a',
  'oci://host/a:',
  'oci://host/a:-x',
  'oci://host/a@sha256:1',
  'oci://host/a?x=1',
  'oci://ho st/a',
  'oci://me:secret@host/a:main',
  'oci://me:secret@host',
  'oci://me:se/cret@host/a',
])('%s is refused, without its secret', (text) => {
  expect(() => parseOci(text)).toThrow(InputError);
  expect(() => parseOci(text)).not.toThrow(/secret|cret@/);
});

test('one spelling, and who answers', () => {
  expect(ociUrl(parseOci('OCI://Host/a'))).toBe('oci://host/a:latest');
  expect(ociUrl(parseOci(`oci://host/a:x@${DIGEST}`))).toBe(`oci://host/a@${DIGEST}`);
  expect(registryHost(parseOci('oci://docker.io/me/a'))).toBe('registry-1.docker.io');
  expect(['localhost:5000', '127.0.0.1', '127.1.2.3:1', '[::1]:5000'].map(isLoopback)).toEqual([
    true,
    true,
    true,
    true,
  ]);
  expect(['localhost.example.org', '128.0.0.1', '127.0.0.1.example.org', '[::2]'].map(isLoopback)).toEqual([
    false,
    false,
    false,
    false,
  ]);
});

test('as a repo', () => {
  expect(parseRemote('oci://host/team/fleet:main')).toMatchObject({ url: 'oci://host/team/fleet:main', name: 'fleet' });
  expect(parseRemote('/media/stick/fleet.bundle')).toEqual({
    kind: 'bundle',
    url: '/media/stick/fleet.bundle',
    name: 'fleet',
  });
  expect(parseRemote('file:///media/stick/fleet.bundle').url).toBe('/media/stick/fleet.bundle');
});
