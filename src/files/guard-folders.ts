import { join } from 'node:path';
import type { Problem } from '../lib/errors.ts';
import { breakApps } from '../model/break-apps.ts';
import type { DesiredApp, DesiredSite } from '../model/state.ts';
import { isWithin, overlaps, realPath, type Territory } from './territory.ts';

/**
 * The site without the apps whose files of Git would lie where its own settings do not allow it; those are broken. By real paths: where a link
 * leads counts. `before` tells in which folder an app was accepted: it keeps that one, and a newcomer to it is broken.
 */
export async function guardFolders(
  site: DesiredSite,
  territory: Territory,
  before: (app: string) => string | undefined = () => undefined,
): Promise<DesiredSite> {
  const writing = site.apps.filter(({ files }) => files.length > 0);
  const problems = new Map<string, Problem>();
  const folders: { app: string; folder: string; real: string }[] = [];
  for (const app of writing) {
    const problem = await refusalOf(app, territory);
    if (problem) problems.set(app.name, { ...problem, app: app.name });
    else if (needsRoot(app, territory))
      folders.push({ app: app.name, folder: app.directory, real: await realPath(app.directory) });
  }
  const sharedRoots = await Promise.all(territory.sharedRoots.map(realPath));
  for (const one of folders) {
    if (sharedRoots.some((root) => isWithin(one.real, root))) continue;
    const rival = folders.find((other) => other.app !== one.app && overlaps(one.real, other.real));
    if (!rival || (before(one.app) === one.folder && before(rival.app) !== rival.folder)) continue;
    problems.set(one.app, {
      message: `${one.folder} is a folder of the app ${rival.app} as well, and two apps do not write to one`,
      hint: `give one of them another projectDirectory; if both are meant to write there, ${lineFor('sharedRoot', one.folder)}`,
      app: one.app,
    });
  }
  return breakApps(site, problems);
}

async function refusalOf(app: DesiredApp, territory: Territory): Promise<Omit<Problem, 'app'> | undefined> {
  const { filesDir, keepOut } = territory;
  const own = join(filesDir, app.name);
  const stray = app.files.find(({ path }) => !isWithin(path, own) && !isWithin(path, app.directory));
  if (stray) return { message: `${stray.path} lies outside of the app's folder` };

  const elsewhere = needsRoot(app, territory);
  const used = [
    ...(elsewhere ? [app.directory] : []),
    ...(app.files.some(({ path }) => isWithin(path, own)) ? [own] : []),
  ];
  for (const folder of used) {
    const real = await realPath(folder);
    for (const kept of keepOut)
      if (overlaps(real, await realPath(kept)))
        return {
          message: `files of Git would lie in ${folder}, beside the agent's own (${kept})`,
          hint:
            folder === own
              ? 'give the app another name, or the site another --files-dir'
              : 'choose another projectDirectory',
        };
  }
  if (!elsewhere) return undefined;
  const real = await realPath(app.directory);
  if (overlaps(real, await realPath(filesDir)))
    return {
      message: `files of Git would lie in ${app.directory}, and below ${filesDir} each app has the folder of its own name alone`,
      hint: 'choose another projectDirectory',
    };
  const roots = [...territory.projectRoots, ...territory.sharedRoots];
  // By both: a link below the root leads out of it.
  for (const root of roots) if (isWithin(app.directory, root) && isWithin(real, await realPath(root))) return undefined;
  return {
    message: `files of Git would be written to ${app.directory}, which the settings of this site do not allow`,
    hint: lineFor('projectRoot', app.directory),
  };
}

/** Whether the app has files of Git outside of the folder that every app has. */
const needsRoot = (app: DesiredApp, { filesDir }: Territory): boolean =>
  app.files.some(({ path }) => !isWithin(path, join(filesDir, app.name)));

/** What to add to the settings of a site's agent. */
export function lineFor(setting: 'projectRoot' | 'sharedRoot', folder: string): string {
  const flag = setting === 'projectRoot' ? '--project-root' : '--shared-root';
  const isPlain = /^[\w./@%+:,-]+$/.test(folder);
  const given = isPlain ? folder : `'${JSON.stringify([folder]).replaceAll("'", "'\\''")}'`;
  return `add ${flag} ${given} where the agent is started, or ${setting}: ${JSON.stringify([folder])} to its config file`;
}
