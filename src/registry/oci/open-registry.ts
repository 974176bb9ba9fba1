import type { RegistryAuth } from '../../net/credentials/registry-auth.ts';
import { Guard } from '../../net/guard.ts';
import { type HttpSettings, httpClient } from '../../net/http/http.ts';
import type { SourceLimits } from '../../net/limits.ts';
import type { OciReference } from './oci-reference.ts';
import { type Registry, registryOf } from './registry.ts';

export interface RegistryOptions extends HttpSettings {
  /** The login of the docker client for a registry, read before each use. Without it, requests are anonymous. */
  registryAuth?: (registry: string) => Promise<RegistryAuth | undefined>;
}

/** The credentials that are configured for the repo, else those of the docker client. */
export function openRegistry(
  reference: OciReference,
  actions: 'pull' | 'pull,push',
  limits: SourceLimits,
  options: RegistryOptions,
): Registry {
  const { credentials, registryAuth } = options;
  // A registry says itself how it wants the credentials, so the client sends none.
  const { credentials: _, ...settings } = options;
  const client = httpClient({ ...settings, limits });
  return registryOf({
    client,
    reference,
    actions,
    credentials: async (asked, signal) => {
      const guard = new Guard(options.clock, limits, signal, reference.registry);
      const ask = async () =>
        (await credentials?.({ ...asked, signal: guard.signal })) ?? (await registryAuth?.(reference.registry));
      try {
        return await guard.within(
          ask,
          `The program or file with the credentials for ${reference.registry} did not answer within`,
        );
      } catch (error) {
        throw guard.explain(error);
      } finally {
        guard.done();
      }
    },
  });
}
