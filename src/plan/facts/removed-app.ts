import type { SyncPolicy } from '../../model/fleet.ts';
import type { DesiredApp } from '../../model/state.ts';

/** Why an app goes that Git has for other sites. */
export const NOT_HERE = 'not placed on this site';

/**
 * An app of which nothing is wanted any more: Git has forgotten it, or somebody takes it down. `sync` says what may be done about it, `adopt`
 * whether what `docker compose` started of it goes as well.
 */
export const removedApp = (name: string, revision: string, sync: SyncPolicy, adopt = false): DesiredApp => ({
  name,
  revision,
  sync,
  pruneVolumes: false,
  suspend: false,
  ...(adopt && { adopt }),
  services: [],
  networks: [],
  volumes: [],
  files: [],
  directory: '',
  warnings: [],
});
