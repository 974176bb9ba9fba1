import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { deflateSync } from 'node:zlib';
import { blob, header, packOfEntries, sealed } from '../../support/git/packs.ts';
import { type Behaviour, head, pour } from '../../support/hostile/hostile-front.ts';
import { hostileLinks } from '../../support/hostile/hostile-links.ts';
import { elsewhere, hostileSuite, once, times, zeros } from './suite.ts';

const GIT = 'application/x-git-upload-pack-result';
const MIB = 1024 * 1024;

const packet = (data: string | Buffer): Buffer =>
  Buffer.concat([Buffer.from((Buffer.byteLength(data) + 4).toString(16).padStart(4, '0')), Buffer.from(data)]);
const band = (number: number, data: Buffer | string): Buffer =>
  packet(Buffer.concat([Buffer.from([number]), Buffer.from(data)]));

/** Says that there is a new commit, and does this to who fetches it. */
const fetching =
  (answer: (socket: Socket) => void): Behaviour =>
  ({ method, body }, socket) => {
    if (method !== 'POST') return false;
    socket.write(head('200 OK', { 'Content-Type': GIT }));
    if (body.includes('command=ls-refs'))
      return void socket.end(`${packet(`${randomBytes(20).toString('hex')} HEAD\n`)}0000`);
    return void answer(socket);
  };
const pack = (make: () => Buffer): Behaviour => {
  const made = once(make);
  return fetching((socket) => {
    socket.write(packet('packfile\n'));
    for (let at = 0; at < made().length; at += 60_000) socket.write(band(1, made().subarray(at, at + 60_000)));
    socket.end('0000');
  });
};
/** A delta of a base of that size to an object of another. */
const delta = (from: number, to: number, body: Buffer): Buffer => Buffer.concat([sizeOf(from), sizeOf(to), body]);
const sizeOf = (value: number): Buffer => {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80);
  return Buffer.from([...bytes, rest]);
};
const COPY_64_KIB = Buffer.from([0x80]);

const behaviours = (): Record<string, Behaviour> => ({
  ...hostileLinks(GIT, elsewhere.address),
  'refs without end': ({ body }, socket) => {
    if (!body.includes('command=ls-refs')) return false;
    socket.write(head('200 OK', { 'Content-Type': GIT }));
    return void pour(
      socket,
      Buffer.concat(Array.from({ length: 500 }, (_, i) => packet(`${'1'.repeat(40)} HEAD${i}\n`))),
    );
  },
  'an error in letters that steer a terminal': (_, socket) =>
    void socket.end(
      `${head('200 OK', { 'Content-Type': GIT })}${packet(`ERR \x1b[2J\r\n::error::${'x'.repeat(60_000)}`)}`,
    ),
  'progress without end': fetching((socket) => {
    socket.write(packet('packfile\n'));
    pour(socket, band(2, 'x'.repeat(60_000)));
  }),
  'sections without end': fetching((socket) =>
    pour(socket, Buffer.concat([packet('acknowledgments\n'), packet('NAK\n'), Buffer.from('0001')])),
  ),
  'a pack without end': fetching((socket) => {
    const start = Buffer.from('PACK\0\0\0\x02\0\x07\0\0', 'latin1');
    socket.write(Buffer.concat([packet('packfile\n'), band(1, start)]));
    const entry = Buffer.concat([header(3, 1), deflateSync('x')]);
    pour(socket, band(1, Buffer.concat(Array.from({ length: 4000 }, () => entry))));
  }),
  'a pack of four billion objects': pack(() => packOfEntries([blob('x')], 0xffffffff)),
  'an object of a petabyte': pack(() =>
    packOfEntries([{ raw: Buffer.concat([header(3, 2 ** 50), deflateSync('x')]) }]),
  ),
  'an object that is far longer than it says': pack(() =>
    packOfEntries(times(2, Buffer.concat([header(3, 10), zeros(100 * MIB)]))),
  ),
  'a gigabyte and more, as it says': pack(() =>
    packOfEntries(times(40, Buffer.concat([header(3, 31 * MIB), zeros(31 * MIB)]))),
  ),
  'changes that make a petabyte': pack(() =>
    packOfEntries([blob('x'.repeat(65_536)), { back: 1, delta: delta(65_536, 2 ** 50, COPY_64_KIB) }]),
  ),
  'changes upon changes, each of 31 MiB': pack(() =>
    packOfEntries([
      blob('x'.repeat(65_536)),
      { back: 1, delta: delta(65_536, 31 * MIB, Buffer.alloc(496, COPY_64_KIB)) },
      ...Array.from({ length: 200 }, () => ({
        back: 1,
        delta: delta(31 * MIB, 31 * MIB, Buffer.alloc(496, COPY_64_KIB)),
      })),
    ]),
  ),
  'a pack that is rubbish': pack(() =>
    sealed(Buffer.concat([Buffer.from('PACK\0\0\0\x02\0\0\x01\0', 'latin1'), randomBytes(100_000)])),
  ),
});

hostileSuite('to a Git client', {
  behaviours,
  ending: [
    'no word at all',
    'a byte a second',
    'interim answers without end',
    'an answer without end',
    'changes upon changes, each of 31 MiB',
  ],
  said: {
    'a redirect to the metadata of a cloud': /169\.254\.169\.254.*refused/,
    'refs without end': /did not finish its answer|lists more than/,
    'an error in letters that steer a terminal': /refused: \\x1b\[2J/,
    'progress without end': /did not finish its answer/,
    'a pack of four billion objects': /maxObjects/,
    'an object of a petabyte': /maxFileBytes/,
    'an object that is far longer than it says': /unpacks to more than it says/,
    'a gigabyte and more, as it says': /maxUnpackedBytes/,
    'changes that make a petabyte': /maxFileBytes/,
    'changes upon changes, each of 31 MiB': /maxUnpackedBytes/,
    'a pack that is rubbish': /damaged/,
  },
});
