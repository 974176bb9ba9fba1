import { expect, test } from '@jest/globals';
import { imageNameFault, inLowerCase } from '../../../src/compose/compile/image-name.ts';

test.each([
  'nginx',
  'nginx:1.27-alpine',
  `library/nginx@sha256:${'a'.repeat(64)}`,
  'ghcr.io/a/b_c.d--e/f__g:V1.2_x',
  'localhost/x',
  `r.example.org:5000/team/x:1@sha256:${'a'.repeat(64)}`,
  'Registry/x',
  '[::1]:5000/x',
  `sha256:${'a'.repeat(64)}`,
  'a'.repeat(64),
])('%s may be an image', (name) => {
  expect(imageNameFault(name)).toBeUndefined();
});

test.each([
  ['Nginx:1', /capital letters/],
  ['ghcr.io/Acme/Web:V1', /capital letters/],
  ['nginx:1 ', /an invalid tag/],
  ['nginx:', /an invalid tag/],
  ['a//b', /not the name of an image/],
  ['-x', /not the name of an image/],
  ['a..b', /not the name of an image/],
  ['https://r.example.org/x', /not the name of/],
  ['nginx@latest', /an invalid digest/],
  ['r_x.org/x', /not the name of a server/],
])('%s may not', (name, why) => {
  expect(imageNameFault(name)).toMatch(why);
});

test('a name of capitals is mended, its tag left as it is', () => {
  expect(inLowerCase('ghcr.io/Acme/Web:V1')).toBe('ghcr.io/acme/web:V1');
  expect(inLowerCase('r.example.org:5000/X@sha256:AB')).toBe('r.example.org:5000/x@sha256:AB');
});
