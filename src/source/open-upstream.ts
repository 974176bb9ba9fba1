import { gitUpstream } from '../git/git-upstream.ts';
import type { PackFiles } from '../git/pack/pack-files.ts';
import type { GitRemote } from '../git/remote.ts';
import type { ObjectStore } from '../git/store/object-store.ts';
import type { StoreLimits } from '../git/store-limits.ts';
import { openRemotes, type TransportOptions } from '../git/transport/open-transport.ts';
import type { Upstream } from '../git/upstream.ts';
import { InputError } from '../lib/errors.ts';
import type { SourceLimits } from '../net/limits.ts';
import { bundleUpstream } from '../registry/bundle/bundle-upstream.ts';
import { fileShelf } from '../registry/bundle/file-shelf.ts';
import { registryShelf } from '../registry/bundle/registry-shelf.ts';
import type { Shelf } from '../registry/bundle/shelf.ts';
import { shelvesInOrder } from '../registry/bundle/shelves-in-order.ts';
import { openRegistry, type RegistryOptions } from '../registry/oci/open-registry.ts';
import type { Remote } from './remote.ts';

/** Settings by which every kind of remote is reached. */
export type RemoteOptions = TransportOptions & RegistryOptions;

export interface UpstreamOptions extends RemoteOptions {
  limits: SourceLimits;
  storeLimits: StoreLimits;
  store: ObjectStore;
  files: PackFiles;
}

/** Opens the remotes of one repo, in order of preference. Throws InputError for remotes that do not go together. */
export function openUpstream(remotes: readonly Remote[], options: UpstreamOptions): Upstream {
  const { store, files, storeLimits, clock } = options;
  const servers: GitRemote[] = [];
  const shelves: Shelf[] = [];
  for (const remote of remotes) {
    switch (remote.kind) {
      case 'http':
      case 'ssh':
      case 'folder':
        servers.push(remote);
        break;
      case 'registry':
        shelves.push(registryShelf(openRegistry(remote.reference, 'pull', options.limits, options), remote.reference));
        break;
      case 'bundle':
        shelves.push(fileShelf(remote.url));
        break;
    }
  }
  const [shelf, other] = shelves;
  if (!shelf) return gitUpstream(openRemotes(servers, options.limits, options), store, storeLimits, clock);
  if (servers.length > 0)
    throw InputError.of(
      `${shelf.name} is no Git server, and others of the repos are`,
      'several are asked in order where all of them are Git repos, or none is',
    );
  const all = other ? shelvesInOrder(shelves, options.onRemote ?? (() => {})) : shelf;
  return bundleUpstream(all, store, files, storeLimits, clock);
}
