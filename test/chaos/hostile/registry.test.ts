import { createHash, randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { expect } from '@jest/globals';
import { ARTIFACT, BUNDLE, EMPTY, encodeArtifact, MANIFEST } from '../../../src/registry/oci/artifact.ts';
import { header, packOfEntries } from '../../support/git/packs.ts';
import { type Asked, type Behaviour, head, pour } from '../../support/hostile/hostile-front.ts';
import { hostileLinks } from '../../support/hostile/hostile-links.ts';
import { startRegistry } from '../../support/net/registry.ts';
import { elsewhere, hostileSuite, once, times, zeros } from './suite.ts';

const MIB = 1024 * 1024;

const digestOf = (content: string | Buffer): string => `sha256:${createHash('sha256').update(content).digest('hex')}`;
const json = (socket: Socket, text: string, headers: Record<string, string> = {}): void =>
  void socket.end(
    `${head('200 OK', { 'Content-Type': MANIFEST, 'Content-Length': Buffer.byteLength(text), 'Docker-Content-Digest': digestOf(text), ...headers })}${text}`,
  );
/** A manifest, and for its layers whatever is done. */
const registry =
  (manifest: string, layer?: (socket: Socket, asked: Asked) => void, headers?: Record<string, string>): Behaviour =>
  (asked, socket) => {
    if (asked.method === 'TLS') return false;
    if (layer && asked.path.includes('/blobs/')) return void layer(socket, asked);
    if (asked.method === 'HEAD')
      return void socket.end(
        head('200 OK', {
          'Content-Type': MANIFEST,
          'Content-Length': Buffer.byteLength(manifest),
          'Docker-Content-Digest': digestOf(manifest),
          ...headers,
        }),
      );
    return void json(socket, manifest, headers);
  };
const artifact = (...layers: { digest: string; size: number }[]): string =>
  encodeArtifact({ layers: layers.map((layer) => ({ ...layer, replaces: [] })), annotations: {} });
const bytes = (content: Buffer | string) => (socket: Socket) => {
  socket.write(head('200 OK', { 'Content-Type': 'application/octet-stream', 'Content-Length': content.length }));
  socket.end(content);
};
const bundle = (make: () => Buffer): Behaviour => {
  const made = once(make);
  return (asked, socket) =>
    registry(artifact({ digest: digestOf(made()), size: made().length }), bytes(made()))(asked, socket);
};
const bundleOf = (objects: Buffer): Buffer =>
  Buffer.concat([Buffer.from(`# v2 git bundle\n${'1'.repeat(40)} refs/heads/main\n\n`), objects]);
const OTHER = { digest: `sha256:${'1'.repeat(64)}`, size: 20 * MIB };

const behaviours = (): Record<string, Behaviour> => {
  // Where a registry says that tokens are given out, credentials are told: nobody is there.
  const links = hostileLinks(MANIFEST, '127.0.0.1:9');
  const shared = [
    'no word at all',
    'a byte a second',
    'an answer without end',
    'credentials that are never right',
    'a redirect to itself',
  ];
  return {
    ...Object.fromEntries(shared.map((name) => [name, links[name] as Behaviour])),
    'a manifest of brackets': registry('['.repeat(MIB - 1)),
    'a manifest of a million layers': registry(
      `{"schemaVersion":2,"mediaType":"${MANIFEST}","artifactType":"${ARTIFACT}","layers":[${'0,'.repeat(500_000)}0]}`,
    ),
    'a manifest that is another than its digest': registry(artifact(OTHER), undefined, {
      'Docker-Content-Digest': OTHER.digest,
    }),
    'layers without sense': registry(
      JSON.stringify({
        ...JSON.parse(artifact(OTHER)),
        layers: [{ mediaType: BUNDLE, digest: '../../x', size: -1 }, EMPTY],
      }),
    ),
    'a layer of four petabytes': registry(artifact({ ...OTHER, size: 2 ** 52 })),
    'a layer without end': registry(artifact(OTHER), (socket) => {
      socket.write(head('200 OK', { 'Content-Type': 'application/octet-stream' }));
      socket.write(bundleOf(Buffer.from('PACK\0\0\0\x02\0\0\x01\0', 'latin1')));
      pour(socket, Buffer.alloc(64 * 1024, 'x'));
    }),
    'a layer that breaks off after each byte': registry(artifact(OTHER), (socket, { path }) => {
      expect(path).toContain(OTHER.digest);
      socket.end(`${head('200 OK', { 'Content-Type': 'application/octet-stream', 'Content-Length': 2 ** 52 })}#`);
    }),
    'a layer that leads to the metadata of a cloud': registry(artifact(OTHER), (socket) =>
      socket.end(head('307 Temporary Redirect', { Location: 'http://169.254.169.254/', 'Content-Length': 0 })),
    ),
    'a layer that leads to who asks for credentials': registry(artifact(OTHER), (socket) =>
      socket.end(head('307 Temporary Redirect', { Location: `http://${elsewhere.address}/`, 'Content-Length': 0 })),
    ),
    'a bundle of refs without end': registry(artifact(OTHER), (socket) => {
      socket.write(`${head('200 OK', { 'Content-Type': 'application/octet-stream' })}# v2 git bundle\n`);
      pour(socket, Array.from({ length: 20_000 }, (_, i) => `${'1'.repeat(40)} refs/heads/main-${i}\n`).join(''));
    }),
    'a bundle of one line without end': registry(artifact(OTHER), (socket) => {
      socket.write(`${head('200 OK', { 'Content-Type': 'application/octet-stream' })}# v2 git bundle\n`);
      pour(socket, 'x'.repeat(64 * 1024));
    }),
    'a bundle of an object that is far longer than it says': bundle(() =>
      bundleOf(packOfEntries(times(2, Buffer.concat([header(3, 10), zeros(100 * MIB)])))),
    ),
    'a bundle of rubbish': bundle(() => randomBytes(100_000)),
    'rubbish in a handshake': ({ method }, socket) => {
      if (method !== 'TLS') return false;
      socket.write(Buffer.from([0x16, 0x03, 0x03, 0x40, 0x00]));
      return void pour(socket, randomBytes(64 * 1024));
    },
    'a token without end': ({ method, path }, socket) => {
      if (method === 'TLS') return false;
      if (path.startsWith('/token')) {
        socket.write(head('200 OK', { 'Content-Type': 'application/json' }));
        return void pour(socket, `{"token":"${'x'.repeat(64 * 1024)}`);
      }
      const realm = `Bearer realm="http://${socket.localAddress}:${socket.localPort}/token",service="x"`;
      return void socket.end(head('401 Unauthorized', { 'WWW-Authenticate': realm, 'Content-Length': 0 }));
    },
  };
};

hostileSuite('to a client of a registry', {
  behaviours,
  ending: [
    'no word at all',
    'a byte a second',
    'an answer without end',
    'a layer without end',
    'rubbish in a handshake',
  ],
  said: {
    'a manifest of brackets': /is none/,
    'a manifest of a million layers': /more than 100 layers/,
    'a manifest that is another than its digest': /not the one of digest/,
    'layers without sense': /without a digest/,
    'a layer of four petabytes': /maxFetchBytes/,
    'a layer without end': /longer than its manifest says|damaged/,
    'a layer that leads to the metadata of a cloud': /169\.254\.169\.254.*refused/,
    'a layer that leads to who asks for credentials': /given to no other server/,
    'a bundle of refs without end': /longer than 1048576 bytes/,
    'a bundle of one line without end': /longer than 1048576 bytes/,
    'a bundle of an object that is far longer than it says': /unpacks to more than it says/,
    'a token without end': /gives no token/,
    // On this machine a registry need not speak TLS: it is asked without.
    'rubbish in a handshake': /following oci:/,
  },
  serve: startRegistry,
});
