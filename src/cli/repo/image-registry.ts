import { parseImageReference } from '../../container/image-reference.ts';
import type { SourceLimits } from '../../net/limits.ts';
import { isDigest } from '../../registry/oci/oci-reference.ts';
import { openRegistry, type RegistryOptions } from '../../registry/oci/open-registry.ts';
import type { Registry } from '../../registry/oci/registry.ts';

/**
 * Asks the registry of an image, with the login of the docker client alone: the credentials of the config repo are never sent to a registry that an image
 * names. `use` gets the tag or digest. Throws SourceError.
 */
export async function withImageRegistry<T>(
  image: string,
  limits: SourceLimits,
  { credentials: _, ...options }: RegistryOptions,
  use: (registry: Registry, tag: string) => Promise<T>,
): Promise<T> {
  const { registry: host, repository, tag } = parseImageReference(image);
  const reference = { registry: host, repository, tag, ...(isDigest(tag) && { digest: tag }) };
  const registry = openRegistry(reference, 'pull', limits, options);
  try {
    return await use(registry, tag);
  } finally {
    registry.close();
  }
}
