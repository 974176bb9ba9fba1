import type { ContainerListItem } from '../../container/engine-api.ts';
import {
  isByImage,
  isComposedByImage,
  type ReadLabels,
  readComposed,
  readContainerLabels,
  readDirectory,
} from '../../container/labels/labels.ts';
import type { Problem } from '../../lib/errors.ts';
import type { ComposedContainer } from '../../model/state.ts';
import { nameOf } from './decode.ts';

/** The labels of an image by its ID; undefined if it cannot be inspected any more. */
export type ImageLabels = (id: string) => Record<string, string> | undefined;

/** The images that decide who owns a container: those of all containers with labels of ours or of `docker compose`. */
export const decidingImages = (listed: readonly ContainerListItem[], site: string): string[] => [
  ...new Set(
    listed
      .filter(({ Labels }) => readContainerLabels(Labels, site) !== undefined || readComposed(Labels) !== undefined)
      .map(({ ImageID }) => ImageID)
      .filter(Boolean),
  ),
];

/**
 * The containers of this site by ID. A container whose labels come from its image is only a `docker run` of that image, and is left alone. One whose
 * labels contradict themselves is left alone and reported.
 */
export function recognise(
  listed: readonly ContainerListItem[],
  site: string,
  adopt: ReadonlySet<string>,
  imageLabels: ImageLabels,
  problems: Problem[],
): Map<string, ReadLabels> {
  const ours = new Map<string, ReadLabels>();
  for (const item of listed) {
    const read = readContainerLabels(item.Labels, site, adopt);
    if (read === undefined || isByImage(item.Labels, imageLabels(item.ImageID))) continue;
    if (typeof read === 'string') {
      problems.push({
        message: `container ${nameOf(item)} is left alone: ${read}`,
        hint: 'remove the container, or its labels dev.holdfast.*',
      });
    } else {
      ours.set(item.Id, read);
    }
  }
  return ours;
}

/** Containers that are not ours and that `docker compose` started. */
export const composedOf = (
  listed: readonly ContainerListItem[],
  ours: ReadonlyMap<string, ReadLabels>,
  imageLabels: ImageLabels,
): ComposedContainer[] =>
  listed.flatMap((item) => {
    const read = ours.has(item.Id) ? undefined : readComposed(item.Labels);
    return read && !isComposedByImage(imageLabels(item.ImageID)) ? [{ id: item.Id, name: nameOf(item), ...read }] : [];
  });

/**
 * The folders that the containers of each Compose project were started from, by project: this site's own, and those that it could adopt. If there is
 * more than one, a person has to choose. A container that was started on another system, such as Windows, has no folder here.
 */
export function stacksOf(
  listed: readonly ContainerListItem[],
  site: string,
  imageLabels: ImageLabels,
): Record<string, string[]> {
  const found = new Map<string, Set<string>>();
  for (const { Labels, ImageID } of listed) {
    const composed = readComposed(Labels);
    const own = composed ? { app: composed.project, directory: composed.directory } : readDirectory(Labels, site);
    if (!own?.directory.startsWith('/')) continue;
    const image = imageLabels(ImageID);
    if (composed ? isComposedByImage(image) : isByImage(Labels, image)) continue;
    found.set(own.app, (found.get(own.app) ?? new Set()).add(own.directory));
  }
  return Object.fromEntries([...found].map(([app, directories]) => [app, [...directories].sort()]));
}

/** Names of containers that are not ours, to their IDs. */
export const foreignNames = (listed: ContainerListItem[], ours: Map<string, ReadLabels>): Record<string, string> =>
  Object.fromEntries(listed.filter(({ Id }) => !ours.has(Id)).map((item) => [nameOf(item), item.Id]));

/** Names of containers that are not ours, by network. Stopped ones count: once their network is gone they do not start any more. */
export function strangersOn(listed: ContainerListItem[], ours: Map<string, ReadLabels>): Record<string, string[]> {
  const found = new Map<string, string[]>();
  for (const item of listed) {
    if (ours.has(item.Id)) continue;
    for (const network of Object.keys(item.NetworkSettings?.Networks ?? {}))
      found.set(network, [...(found.get(network) ?? []), nameOf(item)].sort());
  }
  return Object.fromEntries(found);
}
