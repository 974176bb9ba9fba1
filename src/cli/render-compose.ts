import { resolve } from 'node:path';
import { composeConfig } from '../compose/config/project.ts';
import { factsBy } from '../fleet/facts/known-site.ts';
import { InputError } from '../lib/errors.ts';
import type { PlacedApp, PlacedSite } from '../model/fleet.ts';
import { EXIT } from './exit.ts';
import { noSuchApp, type RenderOptions } from './options/render-options.ts';
import { printJson } from './output/terminal.ts';
import { compileOptions, withSnapshot } from './repo/desired.ts';
import { knownSites, tellParked } from './repo/known-sites.ts';
import { placeAt } from './repo/pinned.ts';

/** Prints one app as `docker compose config --format json` does in the app's folder on this machine. */
export async function renderCompose(folder: string | undefined, options: RenderOptions): Promise<number> {
  if (options.output === 'yaml') {
    throw InputError.of('--format compose prints JSON, so -o yaml does not go with it', 'leave one out');
  }
  if (options.repo !== undefined) {
    const hint = 'clone the repo and name its folder';
    throw InputError.of('--format compose takes relative paths as those of a folder here, not of --repo', hint);
  }
  const compile = await compileOptions(options, { placeholders: true });
  const known = knownSites(options.facts);
  return withSnapshot(folder, options, async (snapshot, pinned) => {
    const { placed, files } = await placeAt(snapshot, options.site, pinned, { facts: factsBy(known) });
    const app = choose(placed, options.app);
    const appDirectory = resolve(folder ?? '.', options.path ?? '.', app.folder);
    const { name, json } = await composeConfig(app, placed.site, files, { ...compile, appDirectory });
    // The name of a lone Compose file is known only now.
    if (options.app !== undefined && options.app !== name) throw noSuchApp(placed.site, options.app, [name]);
    printJson(json);
    await tellParked(known, placed.site, [app]);
    return EXIT.ok;
  });
}

function choose({ site, apps, broken }: PlacedSite, name: string | undefined): PlacedApp {
  const [only] = apps;
  if (only && apps.length + broken.length === 1 && (name === undefined || !only.nameIsFixed)) return only;
  const names = [...apps, ...broken].map((app) => app.name).sort();
  if (name === undefined) {
    throw names.length === 0
      ? InputError.of(`${site} runs no app`)
      : InputError.of(`${site} runs ${names.join(', ')}: --format compose prints one of them`, 'name it with --app');
  }
  const unreadable = broken.find((app) => app.name === name);
  if (unreadable) throw new InputError(unreadable.problems);
  const found = apps.find((app) => app.name === name);
  if (!found) throw noSuchApp(site, name, names);
  return found;
}
