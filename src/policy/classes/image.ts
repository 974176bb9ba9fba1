import type { Ask } from '../asks.ts';
import { hasDigest, imageName } from '../values/image-name.ts';

/** The rules of an image that is run or mounted. */
export const imageAsks = (reference: string, words: string): Ask[] => [
  { rule: 'images', value: imageName(reference), words },
  ...(hasDigest(reference) ? [] : [{ rule: 'imagesWithoutDigest' as const, value: '', words }]),
];
