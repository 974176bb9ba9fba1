import { createHash } from 'node:crypto';
import { expect, test } from '@jest/globals';
import {
  bytesToPull,
  type ImageSize,
  type ImageSizes,
  platformName,
  unknownSizes,
} from '../../../src/impact/costs/sizes.ts';
import { imageLayers } from '../../../src/registry/image/image-layers.ts';
import type { Registry } from '../../../src/registry/oci/registry.ts';

const live = new AbortController().signal;
const digestOf = (text: string): string => `sha256:${createHash('sha256').update(text).digest('hex')}`;
const layer = (name: string, size: number) => ({ digest: digestOf(name), size });

/** A registry that answers these paths. */
const registry = (answers: Record<string, unknown>): Registry => ({
  name: 'oci://r/app:1',
  async ask({ path }) {
    const answer = answers[String(path)];
    if (answer === undefined) throw new Error(`not asked for: ${path}`);
    async function* body() {
      yield Buffer.from(typeof answer === 'string' ? answer : JSON.stringify(answer));
    }
    const place = async () => 'public' as const;
    return { status: 200, headers: {}, url: new URL('https://r/'), place, body: body(), drop() {} };
  },
  close() {},
});

const manifest = (layers: object[]) => ({
  schemaVersion: 2,
  mediaType: 'application/vnd.oci.image.manifest.v1+json',
  config: { digest: digestOf('config'), size: 1 },
  layers,
});

test('the layers of an index are told for each platform, without attestations', async () => {
  const [amd, arm] = [manifest([layer('a', 10)]), manifest([layer('b', 20), layer('c', 5)])];
  const entries = [
    { digest: digestOf(JSON.stringify(amd)), platform: { os: 'linux', architecture: 'amd64' } },
    { digest: digestOf(JSON.stringify(arm)), platform: { os: 'linux', architecture: 'arm64', variant: 'v8' } },
    { digest: digestOf('x'), platform: { os: 'unknown', architecture: 'unknown' } },
  ];
  const answers = {
    'manifests/1': { mediaType: 'application/vnd.oci.image.index.v1+json', manifests: entries },
    [`manifests/${entries[0]?.digest}`]: amd,
    [`manifests/${entries[1]?.digest}`]: arm,
  };
  expect(await imageLayers(registry(answers), '1', live)).toEqual(
    new Map([
      ['linux/amd64', new Map([[digestOf('a'), 10]])],
      [
        'linux/arm64',
        new Map([
          [digestOf('b'), 20],
          [digestOf('c'), 5],
        ]),
      ],
    ]),
  );
});

test('an image without an index tells its platform in its config', async () => {
  const answers = {
    'manifests/1': manifest([layer('a', 10)]),
    [`blobs/${digestOf('config')}`]: { os: 'linux', architecture: 'arm', variant: 'v7' },
  };
  expect([...(await imageLayers(registry(answers), '1', live)).keys()]).toEqual(['linux/arm/v7']);
});

test.each<[string, unknown]>([
  ['no JSON', 'hello'],
  ['a layer without a size', manifest([{ digest: digestOf('a') }])],
  ['too many layers', manifest(Array.from({ length: 1001 }, (_, index) => layer(`${index}`, 1)))],
])('a manifest with %s is an error of the registry', async (_, answer) => {
  const answers = { 'manifests/1': answer, [`blobs/${digestOf('config')}`]: { os: 'linux', architecture: 'amd64' } };
  await expect(imageLayers(registry(answers), '1', live)).rejects.toMatchObject({ code: 'SOURCE', kind: 'protocol' });
});

test('a layer counts once, and not at all if an image from before has it', () => {
  const image = (amd: Record<string, number>, arm?: Record<string, number>) =>
    new Map([
      ['linux/amd64', new Map(Object.entries(amd))],
      ...(arm ? [['linux/arm64', new Map(Object.entries(arm))] as const] : []),
    ]);
  const sizes: ImageSizes = new Map<string, ImageSize>([
    ['web:2', image({ base: 100, lib: 50, web2: 7 }, { base: 90, web2: 6 })],
    ['db:2', image({ base: 100, db2: 3 }, { base: 90, db2: 2 })],
    ['amd:1', image({ a: 1 })],
    ['new:2', image({ amdBase: 100, amd2: 7 }, { armBase: 90, arm2: 6 })],
    ['new:1', image({ amdBase: 100, amd1: 8 }, { armBase: 90, arm1: 5 })],
    ['web:1', image({ base: 100, web1: 9 })],
    ['gone:1', { unknown: 'no answer' }],
  ]);
  const bytes = (images: string[], imagesBefore: string[] = [], platforms?: Record<string, string[]>) =>
    bytesToPull({ restarted: [], volumes: [], images, imagesBefore, platforms }, sizes);
  expect(bytes(['web:2', 'db:2'])).toEqual({ 'linux/amd64': 160, 'linux/arm64': 98 });
  expect(bytes(['web:2'], ['web:1', 'gone:1'])).toEqual({ 'linux/amd64': 57, 'linux/arm64': 96 });
  expect(bytes(['web:2', 'amd:1'])).toEqual({ 'linux/amd64': 158 });
  expect(bytes(['web:2', 'gone:1'])).toBeUndefined();

  // A service that asks for a platform pulls that one on every site.
  const arm = { 'new:2': ['linux/arm64/v8'] };
  expect(bytes(['new:2'], [], arm)).toEqual({ 'linux/amd64': 96, 'linux/arm64': 96 });
  expect(bytes(['new:2', 'db:2'], [], arm)).toEqual({ 'linux/amd64': 199, 'linux/arm64': 188 });
  expect(bytes(['new:2', 'amd:1'], [], arm)).toEqual({ 'linux/amd64': 97 });
  // The image before was that of the site.
  expect(bytes(['new:2'], ['new:1'], arm)).toEqual({ 'linux/amd64': 96, 'linux/arm64': 6 });
  const none = { 'amd:1': ['arm64'] };
  expect(bytes(['web:2', 'amd:1'], [], none)).toBeUndefined();
  const costs = { restarted: [], volumes: [], images: ['amd:1'], imagesBefore: [], platforms: none };
  expect(unknownSizes([costs], sizes)).toEqual([
    { image: 'amd:1', why: 'it has no arm64' },
    { image: 'gone:1', why: 'no answer' },
  ]);
});

test.each([
  ['linux/arm64/v8', 'linux/arm64'],
  ['arm64', 'linux/arm64'],
  ['linux/aarch64', 'linux/arm64'],
  ['linux/arm', 'linux/arm/v7'],
  ['linux/arm/v6', 'linux/arm/v6'],
  ['Linux/AMD64', 'linux/amd64'],
  ['linux/constructor', 'linux/constructor'],
])('the platform %s is %s of an image', (written, name) => {
  expect(platformName(written)).toBe(name);
});
