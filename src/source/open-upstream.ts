import { InputError } from '../lib/errors.ts';
import { bundleUpstream } from './bundle-upstream.ts';
import { fileShelf } from './file-shelf.ts';
import { gitUpstream } from './git-upstream.ts';
import { httpClient } from './http.ts';
import type { SourceLimits } from './limits.ts';
import type { ObjectStore } from './object-store.ts';
import type { OciReference } from './oci-reference.ts';
import { openRemotes, type TransportOptions } from './open-transport.ts';
import type { PackFiles } from './pack-files.ts';
import { type Registry, registryOf } from './registry.ts';
import { registryShelf } from './registry-shelf.ts';
import type { Remote } from './remote.ts';
import type { Shelf } from './shelf.ts';
import { shelvesInOrder } from './shelves-in-order.ts';
import type { StoreLimits } from './store-limits.ts';
import type { Upstream } from './upstream.ts';

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
    credentials: async (asked) => (await credentials?.(asked)) ?? registryAuth?.(reference.registry),
  });
}
