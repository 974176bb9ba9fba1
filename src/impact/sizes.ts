import type { Costs } from './impact.ts';

/** The layers of an image by platform, each with its bytes; or the reason why they are not known. */
export type ImageSize = ReadonlyMap<string, ReadonlyMap<string, number>> | { unknown: string };

/** By the reference of the image. */
export type ImageSizes = ReadonlyMap<string, ImageSize>;

/**
 * The bytes that a site pulls, by platform, sorted: each layer counts once, and a layer of an image that its apps had before does not count. Only platforms that
 * every image has. undefined where an image is not known.
 */
export function bytesToPull({ images, imagesBefore }: Costs, sizes: ImageSizes): Record<string, number> | undefined {
  const wanted = images.map((image) => sizes.get(image));
  if (!wanted.every(isKnown)) return undefined;
  const had = imagesBefore.map((image) => sizes.get(image)).filter(isKnown);
  const [first, ...others] = wanted;
  const platforms = [...(first?.keys() ?? [])].filter((platform) => others.every((each) => each.has(platform)));
  return Object.fromEntries(
    platforms.sort().map((platform) => {
      const layers = new Map(wanted.flatMap((each) => [...(each.get(platform) ?? [])]));
      for (const each of had) for (const digest of each.get(platform)?.keys() ?? []) layers.delete(digest);
      return [platform, [...layers.values()].reduce((sum, bytes) => sum + bytes, 0)];
    }),
  );
}

const isKnown = (size: ImageSize | undefined): size is Exclude<ImageSize, { unknown: string }> =>
  size !== undefined && !('unknown' in size);

/** The images whose sizes an impact asks for, each once, sorted. */
export const imagesToSize = (costs: readonly Costs[]): string[] =>
  [
    ...new Set(costs.flatMap(({ images, imagesBefore }) => (images.length > 0 ? [...images, ...imagesBefore] : []))),
  ].sort();
