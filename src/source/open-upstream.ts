import { InputError } from '../lib/errors.ts';
import { bundleUpstream } from './bundle/bundle-upstream.ts';
import { fileShelf } from './bundle/file-shelf.ts';
import type { OciReference } from './bundle/oci-reference.ts';
import { type Registry, registryOf } from './bundle/registry.ts';
import { registryShelf } from './bundle/registry-shelf.ts';
import type { Shelf } from './bundle/shelf.ts';
import { shelvesInOrder } from './bundle/shelves-in-order.ts';
import { gitUpstream } from './git-upstream.ts';
import type { Remote } from './remote.ts';
import type { ObjectStore } from './store/object-store.ts';
import type { PackFiles } from './store/pack-files.ts';
import type { StoreLimits } from './store/store-limits.ts';
import type { Upstream } from './upstream.ts';
import { Guard } from './wire/guard.ts';
import { httpClient } from './wire/http.ts';
import type { SourceLimits } from './wire/limits.ts';
import { openRemotes, type TransportOptions } from './wire/open-transport.ts';

export interface UpstreamOptions extends TransportOptions {
  limits: SourceLimits;
  storeLimits: StoreLimits;
  store: ObjectStore;
  files: PackFiles;
}

/** Where a repo comes from, by its remotes in order of preference. Throws InputError for remotes that do not go together. */
export function openUpstream(remotes: readonly Remote[], options: UpstreamOptions): Upstream {
  const { store, files, storeLimits, clock } = options;
  const shelves = remotes.flatMap(({ oci, bundle }): Shelf[] => {
    if (bundle !== undefined) return [fileShelf(bundle)];
    return oci ? [registryShelf(openRegistry(oci, 'pull', options.limits, options), oci)] : [];
  });
  const [shelf, other] = shelves;
  if (!shelf) return gitUpstream(openRemotes(remotes, options.limits, options), store, storeLimits, clock);
  if (shelves.length < remotes.length)
    throw InputError.at(
      undefined,
      `${shelf.name} is no Git server, and others of the repos are`,
      'several are asked in order where all of them are Git repos, or none is',
    );
  const all = other ? shelvesInOrder(shelves, options.onRemote ?? (() => {})) : shelf;
  return bundleUpstream(all, store, files, storeLimits, clock);
}

/** The credentials that are configured for the repo, else those of the docker client. */
export function openRegistry(
  reference: OciReference,
  actions: 'pull' | 'pull,push',
  limits: SourceLimits,
  options: TransportOptions,
): Registry {
  const { credentials, registryAuth } = options;
  // It is asked by a registry's own rules, so the client has none of its own.
  const client = httpClient({ ...options, limits, credentials: async () => undefined });
  return registryOf({
    client,
    reference,
    actions,
    credentials: async (asked, signal) => {
      const guard = new Guard(options.clock, limits, signal, reference.registry);
      const ask = async () =>
        (await credentials?.({ ...asked, signal: guard.signal })) ?? (await registryAuth?.(reference.registry));
      try {
        return await guard.within(ask, `Who gives out the credentials for ${reference.registry} did not answer within`);
      } catch (error) {
        throw guard.explain(error);
      } finally {
        guard.done();
      }
    },
  });
}
