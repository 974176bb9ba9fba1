import type { PlacedApp } from '../model/fleet.ts';
import type { Snapshot } from '../model/snapshot.ts';
import { decodeProject, type Project } from './keys/project.ts';
import { configureApp } from './load/configure-app.ts';
import { RepoFiles } from './load/files/repo-files.ts';
import { load } from './load/load.ts';
import type { CompileOptions } from './load/values/values.ts';
import { Report } from './report.ts';

/**
 * Reads an app's Compose files without running it, for callers that only need its names. Invalid parts are left out. Throws InputError when
 * there is no project, and SourceError when the snapshot cannot be read.
 */
export async function readProject(
  app: PlacedApp,
  snapshot: Snapshot,
  options: CompileOptions,
): Promise<{ name: string; project: Project }> {
  const report = new Report();
  const repo = new RepoFiles(snapshot, options.maxFileBytes);
  const configured = await configureApp(app, '', repo, options);
  const { name, root } = await load(configured, '', repo, options, report);
  return { name, project: decodeProject(root, report) };
}
