import type { Application, BrokenApplication } from '../fleet/applications.ts';
import { entry } from '../lib/maps/map-entry.ts';
import { byCodeUnit } from '../lib/text/by-code-unit.ts';
import type { FleetDocument, NamedFile, SiteDocument } from '../model/fleet.ts';

/** A file under `valuesFrom`, and who reads it. */
export interface ValuesReaders {
  path: string;
  /** The apps that read it wherever they run. */
  apps: ReadonlySet<string>;
  /** The public keys of Sites that name it. */
  ofSites: readonly string[];
}

/** All files under `valuesFrom` with their readers, sorted by path. A file in the folder of its only app is left out: the rule of the app is for it, too. */
export function valuesReaders(
  fleet: Pick<FleetDocument, 'valuesFrom'>,
  applications: readonly (Application | BrokenApplication)[],
  sites: readonly SiteDocument[],
): ValuesReaders[] {
  const found = new Map<string, { apps: Set<string>; ofSites: Set<string> }>();
  const readersOf = ({ path }: NamedFile) =>
    entry(found, path, () => ({ apps: new Set<string>(), ofSites: new Set<string>() }));
  for (const file of fleet.valuesFrom) for (const { name } of applications) readersOf(file).apps.add(name);
  for (const application of applications)
    if ('app' in application) for (const file of application.app.valuesFrom) readersOf(file).apps.add(application.name);
  for (const { valuesFrom, recipients = [] } of sites)
    for (const file of valuesFrom) for (const key of recipients) readersOf(file).ofSites.add(key);
  return [...found]
    .filter(
      ([path, { apps, ofSites }]) => ofSites.size > 0 || [...apps].some((app) => !path.startsWith(`apps/${app}/`)),
    )
    .sort(([a], [b]) => byCodeUnit(a, b))
    .map(([path, { apps, ofSites }]) => ({ path, apps, ofSites: [...ofSites] }));
}
