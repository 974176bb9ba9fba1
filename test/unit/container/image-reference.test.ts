import { expect, test } from '@jest/globals';
import { parseImageReference, sameReference } from '../../../src/container/image-reference.ts';

test.each([
  ['nginx', 'docker.io', 'library/nginx', 'latest'],
  ['nginx:1.27', 'docker.io', 'library/nginx', '1.27'],
  ['acme/app:2', 'docker.io', 'acme/app', '2'],
  ['docker.io/nginx', 'docker.io', 'library/nginx', 'latest'],
  ['index.docker.io/library/nginx', 'docker.io', 'library/nginx', 'latest'],
  ['ghcr.io/acme/app:2', 'ghcr.io', 'acme/app', '2'],
  ['localhost/app', 'localhost', 'app', 'latest'],
  ['localhost:5000/app:2', 'localhost:5000', 'app', '2'],
  ['127.0.0.1:5000/a/b', '127.0.0.1:5000', 'a/b', 'latest'],
  ['nginx@sha256:abc', 'docker.io', 'library/nginx', 'sha256:abc'],
  ['ghcr.io/acme/app:2@sha256:abc', 'ghcr.io', 'acme/app', 'sha256:abc'],
])('%s', (reference, registry, repository, tag) => {
  expect(parseImageReference(reference)).toEqual({ registry, repository, tag });
});

test('two spellings of one reference are the same', () => {
  expect(sameReference('nginx', 'docker.io/library/nginx:latest')).toBe(true);
  expect(sameReference('nginx', 'nginx:1')).toBe(false);
  expect(sameReference('ghcr.io/nginx', 'nginx')).toBe(false);
});
