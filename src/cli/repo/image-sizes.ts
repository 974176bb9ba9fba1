import type { ImageSize, ImageSizes } from '../../impact/costs/sizes.ts';
import { messageOf } from '../../lib/errors.ts';
import { mapBounded } from '../../lib/semaphore.ts';
import { imageLayers } from '../../registry/image/image-layers.ts';
import { sourceOptionsFrom } from '../settings/source-settings.ts';
import { withImageRegistry } from './image-registry.ts';

/** Images that are asked for at the same time. */
const AT_ONCE = 8;
/** A person waits for the answers; in milliseconds. */
const PATIENCE = 20_000;

/** Asks the registries for the sizes of images, with the logins of the docker client. An image without an answer is told with the reason. */
export async function imageSizes(images: readonly string[]): Promise<ImageSizes> {
  const { limits, ...settings } = await sourceOptionsFrom(process.env);
  const sizeOf = async (image: string): Promise<ImageSize> => {
    if (/[${}]/.test(image)) return { unknown: 'its name differs from site to site' };
    const patient = { ...limits, idle: PATIENCE, total: PATIENCE };
    return withImageRegistry(image, patient, settings, (registry, tag) =>
      imageLayers(registry, tag, AbortSignal.timeout(PATIENCE)),
    ).catch((error: unknown) => ({ unknown: messageOf(error) }));
  };
  const sizes = await mapBounded(images, AT_ONCE, async (image) => [image, await sizeOf(image)] as const);
  return new Map(sizes);
}
