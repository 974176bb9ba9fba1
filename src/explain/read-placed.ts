import { posix } from 'node:path';
import { type Application, readApplications } from '../fleet/applications.ts';
import { readFleet } from '../fleet/open-fleet.ts';
import { readSite } from '../fleet/sites.ts';
import { below } from '../fleet/values/values.ts';
import { InputError } from '../lib/errors.ts';
import { own } from '../lib/maps/own.ts';
import { didYouMean } from '../lib/text/did-you-mean.ts';
import type { PlacedApp, PlacedSite } from '../model/fleet.ts';
import { requiresText } from '../model/requirement.ts';
import type { Snapshot } from '../model/snapshot.ts';
import type { Explainable } from './explain-service.ts';

/**
 * An app of a placed site, with the documents that placed it. The Site is in `snapshot`, all else in `files`: they differ for a site that pins a revision.
 * Throws InputError for an app that the site does not run.
 */
export async function readPlaced(
  placed: PlacedSite,
  name: string,
  snapshot: Snapshot,
  files: Snapshot,
): Promise<Explainable> {
  const app = appOf(placed, name);
  const { site } = placed;
  if (!app.nameIsFixed) return { site, app, files, overlays: new Set() };
  const [fleet, document, applications] = await Promise.all([
    readFleet(files),
    readSite(snapshot, site),
    readApplications(files),
  ]);
  const application = applications.find((each) => each.name === name);
  const overlays = application && 'app' in application ? application.app.overlays : [];
  const paths = overlays.flatMap(({ compose }) => compose.map((path) => posix.join(app.folder, path)));
  const requires = application && 'app' in application ? requirementsOf(application) : undefined;
  return {
    site,
    app,
    files,
    documents: { fleet, site: document },
    overlays: new Set(paths),
    requires,
    dependsOn: app.dependsOn,
  };
}

function requirementsOf({ app: { requires }, root }: Application): Explainable['requires'] {
  const at = below(root, 'spec', 'requires')?.at;
  return requires && at && { text: requiresText(requires), onLoss: requires.onLoss, at };
}

function appOf({ site, apps, broken, elsewhere = [], leftByFact = {} }: PlacedSite, name: string): PlacedApp {
  const [only] = apps;
  if (only && !only.nameIsFixed) return only;
  const found = apps.find((app) => app.name === name);
  if (found) return found;
  const problems = broken.find((app) => app.name === name)?.problems;
  if (problems) throw new InputError(problems);
  if (elsewhere.includes(name))
    throw InputError.of(
      `${site} does not run ${name}: ${own(leftByFact, name) ?? 'its placement selects other sites'}`,
      `see spec.placement in apps/${name}/app.yaml`,
    );
  const names = [...apps, ...broken].map((app) => app.name).sort();
  const near = didYouMean(name, names);
  throw InputError.of(
    `${site} has no app ${name}`,
    near === undefined ? `it has ${names.join(', ') || 'none'}` : `did you mean ${near}?`,
  );
}
