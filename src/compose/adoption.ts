import { InputError } from '../lib/errors.ts';
import { own } from '../lib/own.ts';
import type { PlacedApp } from '../model/fleet.ts';
import type { CompileOptions } from './load/values/values.ts';

/** Whether what `docker compose` started under the app's name is ours. */
export const isAdopting = (app: PlacedApp, options: Pick<CompileOptions, 'adopt'>): boolean =>
  app.adopt === true || options.adopt === true;

/**
 * The folder that an adopted stack was started from: its relative binds lie there, and it must stay so when all of its containers have been
 * replaced. undefined where there is none. Throws InputError where several are possible.
 */
export function adoptedDirectory(app: PlacedApp, name: string, options: CompileOptions): string | undefined {
  if (!isAdopting(app, options)) return undefined;
  if (app.adoptedDirectory !== undefined) return app.adoptedDirectory;
  const directories = own(options.stacks, name) ?? [];
  if (directories.length <= 1) return directories[0];
  throw InputError.of(
    `the containers of the Compose project ${name} were started from several folders: ${directories.join(', ')}`,
    'say which of them counts with projectDirectory in the Application',
  );
}
