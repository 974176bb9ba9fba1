import { expect, test } from '@jest/globals';
import { nextStep } from '../../../src/registry/push/layers.ts';

const MIB = 1024 * 1024;
const layers = (...sizes: number[]) => sizes.map((size) => ({ size }));
const forward = { isForward: true, squash: false };

test.each([
  ['nothing lies there', layers(), forward, 'anew'],
  ['a history was rewritten', layers(MIB, 5), { ...forward, isForward: false }, 'anew'],
  ['and squashing changes nothing about that', layers(MIB), { isForward: false, squash: true }, 'anew'],
  ['something is new', layers(MIB, 5, 5), forward, 'append'],
  ['a small base is not folded at once', layers(500, 400, 400), forward, 'append'],
  ['the layers since the base are larger than it', layers(MIB, MIB, 1), forward, 'fold'],
  ['it is told to', layers(MIB), { ...forward, squash: true }, 'fold'],
  ['there are many layers on a large base', layers(MIB, ...Array<number>(9).fill(500)), forward, 'gather'],
  ['one less', layers(MIB, ...Array<number>(8).fill(500)), forward, 'append'],
])('%s', (_, before, how, step) => {
  expect(nextStep(before, how)).toBe(step);
});
