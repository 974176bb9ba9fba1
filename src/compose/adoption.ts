import { InputError } from '../lib/errors.ts';
import { own } from '../lib/maps/own.ts';
import type { PlacedApp } from '../model/fleet.ts';
import type { CompileOptions } from './load/values/values.ts';

/** True when the app takes over containers that `docker compose` started under its name. */
export const isAdopting = (app: PlacedApp, options: Pick<CompileOptions, 'adopt'>): boolean =>
  app.adopt === true || options.adopt === true;

/**
 * The folder that an adopted stack was started from; undefined when there is none. The stack's relative binds resolve there, and must still do
 * so after all of its containers were replaced. Throws InputError when there are several folders.
 */
export function adoptedDirectory(app: PlacedApp, name: string, options: CompileOptions): string | undefined {
  if (!isAdopting(app, options)) return undefined;
  if (app.adoptedDirectory !== undefined) return app.adoptedDirectory;
  const directories = own(options.stacks, name) ?? [];
  if (directories.length <= 1) return directories[0];
  throw InputError.of(
    `the containers of the Compose project ${name} were started from several folders: ${directories.join(', ')}`,
    'name the right one with projectDirectory in the Application',
  );
}
