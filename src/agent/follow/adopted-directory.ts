import { own } from '../../lib/maps/own.ts';
import type { PlacedApp } from '../../model/fleet.ts';
import type { BrokenApp } from '../../model/state.ts';
import type { AcceptedApp } from '../state/accepted.ts';

/** Apps with the folder from which their adopted stack was started; `broken` are the apps that would lose it. */
interface PlacedAdopted {
  apps: PlacedApp[];
  broken: BrokenApp[];
  /** For the compiler's message if the folder is not clear. */
  stacks: Record<string, string[]>;
}

/**
 * Looks the folder of an adopted stack up once; then it is part of the accepted state. So it stays the same after all containers were replaced, after
 * a restart and without an engine. Throws EngineError.
 */
export async function placeAdopted(
  apps: PlacedApp[],
  before: Record<string, AcceptedApp>,
  ask: () => Promise<Record<string, string[]>>,
): Promise<PlacedAdopted> {
  const remembered = ({ name }: PlacedApp): string | undefined => own(before, name)?.placed.adoptedDirectory;
  const isLost = (app: PlacedApp): boolean =>
    !app.adopt && app.projectDirectory === undefined && remembered(app) !== undefined;
  const isUnknown = (app: PlacedApp): boolean =>
    app.adopt === true && app.projectDirectory === undefined && remembered(app) === undefined;
  const stacks = apps.some(isUnknown) ? await ask() : {};

  const placed = apps.map((app): PlacedApp => {
    const found = own(stacks, app.name) ?? [];
    const directory = remembered(app) ?? (isUnknown(app) && found.length === 1 ? found[0] : undefined);
    return app.adopt && directory !== undefined ? { ...app, adoptedDirectory: directory } : app;
  });
  return {
    apps: placed.filter((app) => !isLost(app)),
    broken: placed.filter(isLost).map((app) => broken(app, remembered(app) as string)),
    stacks,
  };
}

/** Its relative binds would lead elsewhere, and its data would seem lost. */
const broken = ({ name }: PlacedApp, directory: string): BrokenApp => ({
  name,
  adopt: true,
  problems: [
    {
      message: `the app runs from ${directory}, since its stack was adopted there, and without adopt its relative paths would lead elsewhere`,
      hint: `write projectDirectory: ${directory} in the Application`,
      app: name,
    },
  ],
});
