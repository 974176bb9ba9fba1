import type { PlacedApp } from '../model/fleet.ts';
import type { Snapshot } from '../model/snapshot.ts';
import { readApp } from './compile-app.ts';
import type { Project } from './keys/project.ts';
import type { CompileOptions } from './load/values/values.ts';

/**
 * Reads an app's Compose files without running it, for callers that only need its names. Invalid parts are left out. Throws InputError when
 * there is no project, and SourceError when the snapshot cannot be read.
 */
export const readProject = (
  app: PlacedApp,
  snapshot: Snapshot,
  options: CompileOptions,
): Promise<{ name: string; project: Project }> => readApp(app, '', snapshot, options);
