import type { SyncPolicy } from '../../model/fleet.ts';
import type { DesiredApp } from '../../model/state.ts';

/** The reason to remove an app that Git places on other sites. */
export const NOT_HERE = 'not placed on this site';

/**
 * An app without services, networks, volumes and files: Git no longer names it, or a person takes it down. `sync` is the policy for its
 * removal. With `adopt` the containers that `docker compose` started go, too.
 */
export const removedApp = (name: string, revision: string, sync: SyncPolicy, adopt = false): DesiredApp => ({
  name,
  revision,
  sync,
  pruneVolumes: false,
  suspend: false,
  adopt,
  services: [],
  networks: [],
  volumes: [],
  files: [],
  directory: '',
  warnings: [],
});
