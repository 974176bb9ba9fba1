import { readDocument } from '../../fleet/document.ts';
import { requireSiteName } from '../../fleet/sites.ts';
import type { Observe } from '../../impact/compare-fleet.ts';
import type { Observation } from '../../impact/observed/observation.ts';
import { InputError } from '../../lib/errors.ts';
import type { Snapshot } from '../../model/snapshot.ts';
import { folderSnapshot } from '../../source/folder-snapshot.ts';
import { toPlain } from '../../yaml/node.ts';

/** Where a folder of observations has the one of a site. */
export const observationFile = (site: string): string => `${site}.json`;

/** Reads the observations of a folder. Throws InputError for one that cannot be read, or that is of another site. */
export function observationsIn(dir: string): Observe {
  let folder: Promise<Snapshot> | undefined;
  return async (site) => {
    requireSiteName(site);
    const file = observationFile(site);
    folder ??= folderSnapshot(dir);
    const root = await readDocument(await folder, file, 'Observation');
    if (!root) return undefined;
    // The schema has checked its shape.
    const observation = toPlain(root) as Observation;
    if (observation.site === site) return observation;
    throw InputError.at(root.at, `this is the observation of ${observation.site}, and not of ${site}`);
  };
}
