import { SourceError } from '../../lib/errors.ts';
import { readManifest } from '../bundle/registry-shelf.ts';
import { isDigest } from '../oci/oci-reference.ts';
import type { Registry } from '../oci/registry.ts';
import { ACCEPT, INDEXES } from './has-manifest.ts';

/** The layers of an image as they are downloaded: digest to bytes. */
export type Layers = ReadonlyMap<string, number>;

/** The layers of an image by platform: `linux/arm64`, `linux/arm/v7`. */
export type ImageLayers = ReadonlyMap<string, Layers>;

/** Larger images and indexes are not read. */
const MOST_LAYERS = 1000;
const MOST_PLATFORMS = 50;
const MOST_CONFIG = 1024 * 1024;

/** Asks a registry for the layers of an image by tag or digest. Throws SourceError. Source: OCI image spec 1.1; Docker image manifest v2, schema 2. */
export async function imageLayers(registry: Registry, reference: string, signal: AbortSignal): Promise<ImageLayers> {
  const top = await manifestAt(registry, reference, signal);
  if (!INDEXES.includes(String(top.mediaType)) && !Array.isArray(top.manifests)) {
    const platform = await platformOf(registry, top, signal);
    return new Map([[platform, layersOf(registry, top)]]);
  }
  const found = new Map<string, Layers>();
  for (const { platform, digest } of listOf(top.manifests).slice(0, MOST_PLATFORMS).map(objectOf)) {
    const name = platformName(objectOf(platform));
    // Attestations have no platform.
    if (name === undefined || typeof digest !== 'string' || !isDigest(digest) || found.has(name)) continue;
    found.set(name, layersOf(registry, await manifestAt(registry, digest, signal)));
  }
  return found;
}

type Json = Record<string, unknown>;

async function manifestAt(registry: Registry, reference: string, signal: AbortSignal): Promise<Json> {
  const { text } = await readManifest(registry, reference, signal, ACCEPT);
  return parsed(registry, text);
}

/** An image without an index tells its platform in its config. */
async function platformOf(registry: Registry, manifest: Json, signal: AbortSignal): Promise<string> {
  const { digest } = objectOf(manifest.config);
  if (typeof digest !== 'string' || !isDigest(digest)) throw malformed(registry, 'names no config');
  const answer = await registry.ask({ method: 'GET', path: `blobs/${digest}`, accepts: [200] }, signal);
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of answer.body) {
    bytes += chunk.length;
    if (bytes > MOST_CONFIG) throw malformed(registry, `has a config of more than ${MOST_CONFIG} bytes`);
    chunks.push(chunk);
  }
  const name = platformName(parsed(registry, Buffer.concat(chunks).toString('utf8')));
  if (name === undefined) throw malformed(registry, 'has a config without a platform');
  return name;
}

function platformName({ os, architecture, variant }: Json): string | undefined {
  if (typeof os !== 'string' || typeof architecture !== 'string' || os === 'unknown') return undefined;
  // Every arm64 is v8, and only some images say so.
  const more = typeof variant === 'string' && variant !== '' && architecture !== 'arm64' ? `/${variant}` : '';
  return `${os}/${architecture}${more}`;
}

function layersOf(registry: Registry, manifest: Json): Layers {
  const layers = listOf(manifest.layers).map(objectOf);
  if (layers.length > MOST_LAYERS) throw malformed(registry, `has more than ${MOST_LAYERS} layers`);
  return new Map(
    layers.map(({ digest, size }) => {
      if (typeof digest !== 'string' || !Number.isSafeInteger(size) || Number(size) < 0)
        throw malformed(registry, 'has a layer without a digest or size');
      return [digest, Number(size)];
    }),
  );
}

function parsed(registry: Registry, text: string): Json {
  try {
    return objectOf(JSON.parse(text));
  } catch {
    throw malformed(registry, 'is not JSON');
  }
}

const malformed = ({ name }: Registry, why: string): SourceError =>
  new SourceError('protocol', `The manifest of ${name} ${why}`);

const objectOf = (value: unknown): Json => (typeof value === 'object' && value !== null ? (value as Json) : {});
const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
