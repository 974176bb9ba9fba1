import { SourceError } from '../../lib/errors.ts';
import { isDigest } from './oci-reference.ts';

/** A Git bundle as a layer of an artifact: the first is complete, each other one goes on from those before it. */
export interface Layer {
  digest: string;
  /** Bytes. */
  size: number;
  /** Layers that it was folded of: who has them all has what is in it. */
  replaces: readonly string[];
}

export interface Artifact {
  layers: Layer[];
  annotations: Record<string, string>;
}

export const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
export const ARTIFACT = 'application/vnd.holdfast.repo.v1';
export const BUNDLE = 'application/vnd.holdfast.git.bundle.v1';
const REPLACES = 'dev.holdfast.replaces';

/** Source: OCI image spec 1.1, "Guidance for an empty descriptor". */
export const EMPTY = {
  mediaType: 'application/vnd.oci.empty.v1+json',
  digest: 'sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a',
  size: 2,
  data: 'e30=',
};

/** Layers that are read at most; `holdfast push` makes far fewer. */
export const MOST_LAYERS = 100;

/** Reads a manifest, of an artifact that `holdfast push` made. Throws SourceError for any other. Source: OCI image spec 1.1, "Image manifest". */
export function parseArtifact(text: string, name: string): Artifact {
  const manifest = objectOf(parseJson(text));
  const malformed = (why: string): SourceError => new SourceError('protocol', `The manifest of ${name} ${why}`);
  if (manifest?.schemaVersion !== 2) throw malformed('is none');
  const type = manifest.artifactType ?? objectOf(manifest.config)?.mediaType;
  if (manifest.mediaType !== MANIFEST || type !== ARTIFACT || !Array.isArray(manifest.layers))
    throw malformed('is not that of a config repo: holdfast push makes such artifacts');
  if (manifest.layers.length > MOST_LAYERS) throw malformed(`has more than ${MOST_LAYERS} layers`);
  const layers = manifest.layers.map((entry): Layer => {
    const layer = objectOf(entry) ?? {};
    const { mediaType, digest, size } = layer;
    if (mediaType !== BUNDLE) throw malformed('has a layer that is no Git bundle');
    if (typeof digest !== 'string' || !isDigest(digest)) throw malformed('has a layer without a digest');
    if (!Number.isSafeInteger(size) || Number(size) < 0) throw malformed('has a layer without a size');
    const replaces = objectOf(layer.annotations)?.[REPLACES];
    return {
      digest,
      size: Number(size),
      replaces: typeof replaces === 'string' ? replaces.split(',').filter(isDigest) : [],
    };
  });
  if (layers.length === 0) throw malformed('has no layers');
  const annotations = Object.entries(objectOf(manifest.annotations) ?? {}).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  );
  return { layers, annotations: Object.fromEntries(annotations) };
}

/** The manifest, of which the same artifact gives the same bytes. */
export function encodeArtifact({ layers, annotations }: Artifact): string {
  return JSON.stringify({
    schemaVersion: 2,
    mediaType: MANIFEST,
    artifactType: ARTIFACT,
    config: EMPTY,
    layers: layers.map(({ digest, size, replaces }) => ({
      mediaType: BUNDLE,
      digest,
      size,
      ...(replaces.length > 0 && { annotations: { [REPLACES]: replaces.join(',') } }),
    })),
    annotations,
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const objectOf = (value: unknown): Record<string, unknown> | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
