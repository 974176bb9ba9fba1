import { basename, dirname, join, resolve } from 'node:path';
import type { Disk } from '../lib/disk.ts';
import { InputError } from '../lib/errors.ts';
import type { SourceFile } from '../model/snapshot.ts';
import { applicationText, fleetText, siteText } from './documents.ts';
import type { Stack } from './stack.ts';
import { writeNew } from './write.ts';

/** Where an Application goes. */
export interface Target {
  /** The config repo's folder. Absolute. */
  root: string;
  /** The Application's folder in it: `apps/NAME`. */
  folder: string;
}

/** `into` is the Application's folder as the person named it. Throws InputError for one that cannot hold an Application. */
export function targetOf({ name, dir }: Stack, into: string | undefined): Target {
  const path = resolve(into ?? join('apps', name));
  const root = dirname(dirname(path));
  if (basename(dirname(path)) !== 'apps')
    throw InputError.of(`--into ${into} cannot hold an Application`, 'an Application lies in apps/NAME');
  if (root === dir) {
    const hint = 'run it in the folder of your config repo, or name one with --into ../fleet/apps/NAME';
    throw InputError.of('the config repo would lie in the folder of the stack itself', hint);
  }
  return { root, folder: `apps/${basename(path)}` };
}

export interface WriteOptions {
  adopt: boolean;
  projectDirectory: string | undefined;
  /** The name of the first site of a repo that has none. */
  site: string;
  /** Overwrites files that differ. */
  force: boolean;
}

/** Writes the stack's files and app.yaml, and a Fleet and a Site where the repo has none. Gives the paths that were written. */
export async function writeApplication(
  disk: Disk,
  stack: Stack,
  { root, folder }: Target,
  { adopt, projectDirectory, site, force }: WriteOptions,
): Promise<string[]> {
  const hasFleet = (await disk.read(join(root, 'fleet.yaml'))) !== undefined;
  const hasSites = (await disk.list(join(root, 'sites'))).length > 0;
  const application = applicationText({
    compose: stack.isDefault ? undefined : stack.compose,
    profiles: stack.profiles,
    adopt,
    projectDirectory,
  });
  const files: Record<string, SourceFile> = {
    ...Object.fromEntries(Object.entries(stack.files).map(([path, file]) => [`${folder}/${path}`, file])),
    [`${folder}/app.yaml`]: fileOf(application),
    ...(!hasFleet && { 'fleet.yaml': fileOf(fleetText(basename(root), stack.variables)) }),
    ...(!hasSites && { [`sites/${site}.yaml`]: fileOf(siteText()) }),
  };
  return writeNew(disk, root, files, force);
}

const fileOf = (text: string): SourceFile => ({ content: new TextEncoder().encode(text), executable: false });
