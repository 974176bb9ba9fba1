import { posix } from 'node:path';
import { applicationFile } from '../../../fleet/applications.ts';
import { InputError, type Position } from '../../../lib/errors.ts';
import type { OutsidePath } from '../../../model/state.ts';
import type { PathsBefore } from '../values/values.ts';
import type { RepoFiles } from './repo-files.ts';

/** Below an app's folder on the site: copies of what Git has elsewhere in the repo. */
export const COPIES = '.repo';

/** Where an app and its files lie on a site. */
export interface SiteFolder {
  /** The app's name. */
  name: string;
  filesDir: string;
  /** The project's folder, absolute. */
  project: string;
  /** It was named by people, and lies where they have it rather than below `filesDir`. */
  isElsewhere: boolean;
  /** People started a stack from it, and their data may lie beside it. */
  isAdopted: boolean;
  /** The repo is a fleet, with apps beside this one. */
  isOfFleet: boolean;
  before?: PathsBefore | undefined;
}

/**
 * The meaning of a path that leads out of the app's folder. Files that Git has there are copied for the app. Other files lie as Docker
 * Compose has it, seen from the project's folder, and stays out of the folders of other apps and of the agent. `repo` is the path in the
 * repo, `written` as it stands in the file. Throws InputError at `at`.
 */
export async function outsidePath(
  written: string,
  repo: string,
  at: Position,
  folder: SiteFolder,
  files: RepoFiles,
): Promise<OutsidePath> {
  const leavesRepo = /^\.\.(\/|$)/.test(repo);
  const kind = leavesRepo ? undefined : repo === '' ? 'dir' : await files.kind(repo, at);
  const site = posix.join(folder.project, written).replace(/(?<=.)\/$/, '');
  const path: OutsidePath = {
    path: repo,
    from: kind ? 'git' : 'site',
    site,
    ...(!leavesRepo && { copy: posix.join(folder.filesDir, folder.name, COPIES, repo) }),
    at,
  };
  requireSameReading(path, written, folder);
  if (path.from === 'site') {
    const beside = await folderBeside(site, at, folder, files);
    return { ...path, ...(beside !== undefined && { beside }) };
  }
  if (kind === 'dir' && folder.isAdopted) {
    throw InputError.at(
      at,
      `the stack that is adopted has its own folder ${site}, and Git has ${repo || 'one'} as well: a copy of that would hide what lies there`,
      `write the absolute path ${site}, or move Git's folder into the app's`,
    );
  }
  return path;
}

/** Data must not vanish behind a copy, nor come back from behind it. */
function requireSameReading(
  { path, from, site, copy, at }: OutsidePath,
  written: string,
  { before }: SiteFolder,
): void {
  const was = before?.readings.get(path);
  if (was === undefined || was === from) return;
  const [then, now] =
    from === 'git'
      ? [`the site's own ${site}, as Git had nothing there`, `a copy of what Git has (${copy})`]
      : [`a copy of what Git had (${copy})`, `the site's own ${site}, as Git has nothing there any more`];
  throw InputError.at(
    at,
    `${written} was ${then}, and would now be ${now}: what the service has there would vanish`,
    from === 'git' ? 'give the file in Git another name' : 'bring the file back in Git, or name another path',
  );
}

/** The folder of FILES_DIR that the site's own path lies in; undefined where it lies elsewhere, beside a project that does. */
async function folderBeside(
  site: string,
  at: Position,
  { filesDir, name, isElsewhere, isOfFleet, before }: SiteFolder,
  files: RepoFiles,
): Promise<string | undefined> {
  const inside = posix.relative(filesDir, site);
  const [first = ''] = inside.split('/');
  if (first === '..' || first === '') {
    if (isElsewhere && first !== '') return undefined;
    throw InputError.at(
      at,
      `Git has nothing there, and on a site the path leads to ${site}, ${first === '' ? 'which is the folder of all apps' : `out of the folder of all apps (${filesDir})`}`,
      'add what it names to Git, or write the absolute path that it has on the site',
    );
  }
  const refuse = (why: string): never => {
    throw InputError.at(
      at,
      `Git has nothing there, and on a site the path leads to ${site}: ${why}`,
      'add what it names to Git, name another folder, or write the absolute path that it has on the site',
    );
  };
  if (first.startsWith('.')) refuse('folders there that begin with a dot are not for apps');
  const isApp =
    first === name ||
    (isOfFleet && !before?.beside.has(first) && (await files.kind(applicationFile(first), at)) === 'file');
  if (isApp) refuse(`that is the folder of the app ${first}`);
  return first;
}
