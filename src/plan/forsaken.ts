import type { SyncPolicy } from '../model/fleet.ts';
import type { DesiredApp } from '../model/state.ts';

/** An app of which nothing is wanted any more: Git has forgotten it, or somebody takes it down. `sync` says what may be done about it. */
export const forsakenApp = (name: string, revision: string, sync: SyncPolicy): DesiredApp => ({
  name,
  revision,
  sync,
  pruneVolumes: false,
  suspend: false,
  services: [],
  networks: [],
  volumes: [],
  files: [],
  directory: '',
  warnings: [],
});
