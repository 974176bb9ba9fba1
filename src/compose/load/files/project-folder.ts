import { posix } from 'node:path';
import type { PlacedApp } from '../../../model/fleet.ts';
import type { RepoFolders } from './app-folder.ts';

/**
 * The base folder of an app's relative paths, as a path in the snapshot: the folder that its Application names, otherwise the folder of its
 * first Compose file, as with `docker compose -f deploy/compose.yaml`. "" is the root. Source: compose-go, cli/options.go, GetWorkingDir.
 */
export function projectFolder(app: Pick<PlacedApp, 'projectFolder' | 'compose' | 'folder'>): string {
  if (app.projectFolder !== undefined) return app.projectFolder;
  const [first] = app.compose;
  if (first === undefined) return app.folder;
  const folder = posix.dirname(first);
  return folder === '.' ? '' : folder;
}

export const foldersOf = (app: PlacedApp): RepoFolders => ({ folder: app.folder, project: projectFolder(app) });
