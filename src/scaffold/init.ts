import { join } from 'node:path';
import { COMPOSE_FILES } from '../fleet/compose-files.ts';
import type { Disk } from '../lib/disk.ts';
import { InputError } from '../lib/errors.ts';
import { scaffoldFiles, type Wanted } from './init-files.ts';

/** The files that were written, and those that were there already. Paths are relative to the folder. */
export interface Scaffolded {
  written: string[];
  kept: string[];
}

/**
 * Writes a fleet that validates into a folder. A file that is there stays as it is. Throws InputError where the folder holds something to run already: an
 * example app must not come into a real fleet.
 */
export async function scaffold(disk: Disk, root: string, wanted: Wanted): Promise<Scaffolded> {
  const names = await disk.list(root);
  const found = ['fleet.yaml', 'fleet.yml', 'apps', 'sites', ...COMPOSE_FILES].find((name) => names.includes(name));
  if (found !== undefined)
    throw InputError.of(
      `${root} has ${found} already, so nothing was written`,
      COMPOSE_FILES.includes(found)
        ? 'a lone Compose file is a config repo as it is; for a fleet, name an empty folder, and `holdfast import` takes the Compose file in'
        : 'init is for a new config repo: name an empty folder',
    );
  const result: Scaffolded = { written: [], kept: [] };
  for (const [path, text] of Object.entries(scaffoldFiles(wanted))) {
    if (await disk.stat(join(root, path))) {
      result.kept.push(path);
      continue;
    }
    await disk.write(join(root, path), text);
    result.written.push(path);
  }
  return result;
}
