import { expect, test } from '@jest/globals';
import { didYouMean } from '../../../src/lib/text/did-you-mean.ts';

const keys = ['image', 'environment', 'env_file', 'ports', 'expose', 'mem_limit'];

test.each([
  ['imgae', 'image'],
  ['Image', 'image'],
  ['enviroment', 'environment'],
  ['envFile', 'env_file'],
  ['mem-limit', 'mem_limit'],
  ['port', 'ports'],
  ['env', 'environment'],
  ['zzz', undefined],
  ['', undefined],
])('%s', (word, meant) => expect(didYouMean(word, keys)).toBe(meant));
