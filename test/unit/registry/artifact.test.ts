import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { SourceError } from '../../../src/lib/errors.ts';
import { encodeArtifact, parseArtifact } from '../../../src/registry/oci/artifact.ts';

const digest = (letter: string): string => `sha256:${letter.repeat(64)}`;
const good = {
  layers: [
    { digest: digest('a'), size: 5, replaces: [] },
    { digest: digest('b'), size: 7, replaces: [digest('c'), digest('d')] },
  ],
  annotations: { 'org.opencontainers.image.revision': 'x' },
};

test('an artifact reads back as it was written', () => {
  expect(parseArtifact(encodeArtifact(good), 'oci://host/fleet:main')).toEqual(good);
});

const changed = (change: (manifest: Record<string, unknown>, layer: Record<string, unknown>) => void): string => {
  const manifest = JSON.parse(encodeArtifact(good)) as { layers: Record<string, unknown>[] };
  change(manifest, manifest.layers[0] ?? {});
  return JSON.stringify(manifest);
};

test.each([
  ['<html>', 'is none'],
  ['[]', 'is none'],
  ['{"schemaVersion":1}', 'is none'],
  [changed((manifest) => Object.assign(manifest, { artifactType: 'application/x' })), 'not that of a config repo'],
  [changed((manifest) => Object.assign(manifest, { layers: {} })), 'not that of a config repo'],
  [changed((manifest) => Object.assign(manifest, { layers: [] })), 'has no layers'],
  [changed((manifest) => Object.assign(manifest, { layers: Array(101).fill(good.layers[0]) })), 'more than 100 layers'],
  [changed((_, layer) => Object.assign(layer, { mediaType: 'application/gzip' })), 'no Git bundle'],
  [changed((_, layer) => Object.assign(layer, { digest: 'sha256:../x' })), 'without a digest'],
  [changed((_, layer) => Object.assign(layer, { size: -1 })), 'without a size'],
  [changed((_, layer) => Object.assign(layer, { size: '5' })), 'without a size'],
])('%.60s is refused: %s', (text, why) => {
  expect(() => parseArtifact(text, 'oci://host/fleet:main')).toThrow(`The manifest of oci://host/fleet:main`);
  expect(() => parseArtifact(text, 'oci://host/fleet:main')).toThrow(why);
});

test('a manifest of any content throws only SourceErrors', () => {
  const junk = fc.jsonValue();
  const manifest = fc.record(
    {
      schemaVersion: fc.constantFrom(2, 1),
      mediaType: fc.constant('application/vnd.oci.image.manifest.v1+json'),
      artifactType: fc.constant('application/vnd.holdfast.repo.v1'),
      config: junk,
      layers: fc.array(junk),
      annotations: junk,
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(fc.oneof(junk, manifest), (value) => {
      try {
        parseArtifact(JSON.stringify(value), 'x');
      } catch (error) {
        expect(error).toBeInstanceOf(SourceError);
      }
    }),
  );
});
