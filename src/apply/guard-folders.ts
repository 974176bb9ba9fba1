import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Problem } from '../lib/errors.ts';
import { breakApps } from '../model/app/break-apps.ts';
import type { OutsidePath } from '../model/app/outside-path.ts';
import type { DesiredApp, DesiredSite } from '../model/state.ts';
import { isWithin, overlaps, realPath, type Territory } from './territory.ts';

/**
 * Breaks each app whose files of Git would be written where the site's own settings do not allow it. Compares real paths, so the target of a link counts.
 * `before` gives the folder in which an app was accepted: the app keeps it, and a newcomer to that folder is broken.
 */
export async function guardFolders(
  site: DesiredSite,
  territory: Territory,
  before: (app: string) => string | undefined = () => undefined,
): Promise<DesiredSite> {
  // Decrypted files have a folder of their own, whose paths the compiler chooses.
  const guarded = site.apps
    .map((app) => ({ ...app, files: app.files.filter(({ secret }) => !secret) }))
    .filter(({ files, outside = [] }) => files.length + outside.length > 0);
  const problems = new Map<string, Problem>();
  const folders: { app: string; folder: string; directory: string; real: string }[] = [];
  for (const app of guarded) {
    const problem = await refusalOf(app, territory);
    if (problem) problems.set(app.name, { ...problem, app: app.name });
    else if (needsRoot(app, territory)) {
      const folder = folderOf(app, territory);
      folders.push({ app: app.name, folder, directory: app.directory, real: await realPath(folder) });
    }
  }
  const sharedRoots = await Promise.all(territory.sharedRoots.map(realPath));
  for (const one of folders) {
    if (sharedRoots.some((root) => isWithin(one.real, root))) continue;
    const rival = folders.find((other) => other.app !== one.app && overlaps(one.real, other.real));
    if (!rival || (before(one.app) === one.directory && before(rival.app) !== rival.directory)) continue;
    problems.set(one.app, {
      message: `${one.folder} is a folder of the app ${rival.app} too, and two apps do not write to one folder`,
      hint: `give one of them another projectDirectory; if both are meant to write there, ${lineFor('sharedRoot', one.folder)}`,
      app: one.app,
    });
  }
  return breakApps(site, problems);
}

async function refusalOf(app: DesiredApp, territory: Territory): Promise<Omit<Problem, 'app'> | undefined> {
  const { filesDir, keepOut } = territory;
  const own = join(filesDir, app.name);
  const folder = folderOf(app, territory);
  const stray = app.files.find(({ path }) => !isWithin(path, own) && !isWithin(path, folder));
  if (stray) return { message: `${stray.path} is outside of the app's folder` };
  const kept = await Promise.all(keepOut.map(async (path) => ({ path, real: await realPath(path) })));
  for (const { site, at } of dataOf(app)) {
    const real = await realPath(site);
    const near = kept.find((each) => overlaps(site, each.path) || overlaps(real, each.real));
    if (near) return { message: `the path leads to ${site}, where the agent has its own (${near.path})`, at };
  }

  const elsewhere = needsRoot(app, territory);
  const used = [...(elsewhere ? [folder] : []), ...(app.files.some(({ path }) => isWithin(path, own)) ? [own] : [])];
  for (const each of used) {
    const real = await realPath(each);
    const near = kept.find((one) => overlaps(real, one.real));
    if (near)
      return {
        message: `files of Git would lie in ${each}, beside the agent's own (${near.path})`,
        hint:
          each === own
            ? 'give the app another name, or the site another --files-dir'
            : 'choose another projectDirectory',
      };
  }
  if (!elsewhere) return undefined;
  const real = await realPath(folder);
  if (overlaps(real, await realPath(filesDir)))
    return {
      message: `files of Git would lie in ${folder}, and below ${filesDir} each app has the folder of its own name alone`,
      hint: 'choose another projectDirectory',
    };
  // The stack was started from there, so only an agent in a container sees no folder at that path.
  if (app.adopt && !(await isThere(app.directory)))
    return {
      message: `the agent does not see ${app.directory}, the folder that the adopted stack was started from, and would write files of Git to the disk of its own container`,
      hint: `mount that folder at the same path where the agent runs in a container, as -v ${app.directory}:${app.directory}`,
    };
  const roots = [...territory.projectRoots, ...territory.sharedRoots];
  // Both paths count: a link below the root may lead out of it.
  for (const root of roots) if (isWithin(folder, root) && isWithin(real, await realPath(root))) return undefined;
  return {
    message: `files of Git would be written to ${folder}, which the settings of this site do not allow`,
    hint: lineFor('projectRoot', folder),
  };
}

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );

/** Paths of data beside the folders of apps, each once. */
const dataOf = ({ outside = [] }: DesiredApp): OutsidePath[] => [
  ...new Map(outside.filter(({ beside }) => beside !== undefined).map((path) => [path.site, path])).values(),
];

/** The folder of the app's files that are not in its own folder: the project's, or the whole app's if some are around the project's. */
function folderOf({ files, name, directory, folder = directory }: DesiredApp, { filesDir }: Territory): string {
  const own = join(filesDir, name);
  return files.every(({ path }) => isWithin(path, own) || isWithin(path, directory)) ? directory : folder;
}

/** The app has files of Git outside of its own folder. */
const needsRoot = (app: DesiredApp, { filesDir }: Territory): boolean =>
  app.files.some(({ path }) => !isWithin(path, join(filesDir, app.name)));

/** The line to add to the settings of a site's agent. */
export function lineFor(setting: 'projectRoot' | 'sharedRoot', folder: string): string {
  const flag = setting === 'projectRoot' ? '--project-root' : '--shared-root';
  const isPlain = /^[\w./@%+:,-]+$/.test(folder);
  const given = isPlain ? folder : `'${JSON.stringify([folder]).replaceAll("'", "'\\''")}'`;
  return `add ${flag} ${given} where the agent is started, or ${setting}: ${JSON.stringify([folder])} to its config file`;
}
