import { entry } from '../../lib/maps/map-entry.ts';
import { own } from '../../lib/maps/own.ts';
import type { Costs } from '../impact.ts';

/** The layers of an image by platform, each with its bytes; or the reason why they are not known. */
export type ImageSize = ReadonlyMap<string, ReadonlyMap<string, number>> | { unknown: string };

/** By the reference of the image. */
export type ImageSizes = ReadonlyMap<string, ImageSize>;

/**
 * The bytes that a site pulls, by its platform, sorted: each layer counts once, and a layer of an image that its apps had before does not count. An image whose
 * service asks for a platform counts for that one on every site. Only platforms that every other image has. undefined where an image is not known.
 */
export function bytesToPull(
  { images, imagesBefore, platforms = {} }: Costs,
  sizes: ImageSizes,
): Record<string, number> | undefined {
  const known = (image: string): Known[] => knownOf(sizes.get(image), own(platforms, image));
  const pulled = images.flatMap(known);
  if (pulled.length < images.length) return undefined;
  const had = imagesBefore.flatMap(known);
  const free = pulled.flatMap(({ size, asked }) => (asked ? [] : [size]));
  const all = [...new Set(pulled.flatMap(({ size }) => [...size.keys()]))].sort();
  return Object.fromEntries(
    all
      .filter((platform) => free.every((size) => size.has(platform)))
      .map((platform) => {
        const layers = new Map(pulled.flatMap((each) => layersOn(platform, each)));
        for (const [digest] of had.flatMap((each) => layersOn(platform, each))) layers.delete(digest);
        return [platform, [...layers.values()].reduce((sum, bytes) => sum + bytes, 0)];
      }),
  );
}

interface Known {
  size: Exclude<ImageSize, { unknown: string }>;
  /** The platforms that services ask for. */
  asked: readonly string[] | undefined;
}

/** Nothing for an image that no registry told of, or that lacks a platform that a service asks for: it cannot be pulled there. */
const knownOf = (size: ImageSize | undefined, asked: Known['asked']): Known[] =>
  size === undefined || 'unknown' in size || lackedBy(size, asked).length > 0 ? [] : [{ size, asked }];

/** The layers of an image on a site of a platform. */
const layersOn = (platform: string, { size, asked = [platform] }: Known): [string, number][] =>
  asked.flatMap((each) => [...(size.get(platformName(each)) ?? [])]);

/** Other names of architectures. */
const ARCHITECTURES: ReadonlyMap<string, string> = new Map([
  ['aarch64', 'arm64'],
  ['x86_64', 'amd64'],
  ['x86-64', 'amd64'],
  ['armhf', 'arm'],
  ['i386', '386'],
]);

/** A platform as images call it: `linux/arm64` for `arm64`, `linux/arm64/v8` and `linux/aarch64`. Source: containerd's platforms, Normalize. */
export function platformName(written: string): string {
  const parts = written.toLowerCase().split('/');
  const [os, arch = '', variant] = parts.length === 1 ? ['linux', ...parts] : parts;
  const name = ARCHITECTURES.get(arch) ?? arch;
  const more = name === 'arm' ? `/${variant ?? 'v7'}` : name === 'arm64' || variant === undefined ? '' : `/${variant}`;
  return `${os}/${name}${more}`;
}

const lackedBy = (size: ReadonlyMap<string, unknown>, asked: readonly string[] = []): string[] =>
  asked.filter((each) => !size.has(platformName(each)));

/** The images whose size is not known, with the reasons: no registry told it, or it has no such platform. Sorted. */
export function unknownSizes(costs: readonly Costs[], sizes: ImageSizes): { image: string; why: string }[] {
  const asked = new Map<string, Set<string>>();
  for (const [image, all] of costs.flatMap(({ platforms = {} }) => Object.entries(platforms)))
    for (const each of all) entry(asked, image, () => new Set<string>()).add(each);
  return [...sizes].flatMap(([image, size]) => {
    if ('unknown' in size) return [{ image, why: size.unknown }];
    const lacked = lackedBy(size, [...(asked.get(image) ?? [])]);
    return lacked.length > 0 ? [{ image, why: `it has no ${lacked.join(' and no ')}` }] : [];
  });
}

/** The images whose sizes an impact asks for, each once, sorted. */
export const imagesToSize = (costs: readonly Costs[]): string[] =>
  [
    ...new Set(costs.flatMap(({ images, imagesBefore }) => (images.length > 0 ? [...images, ...imagesBefore] : []))),
  ].sort();
