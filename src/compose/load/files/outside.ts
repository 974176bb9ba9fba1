import { posix } from 'node:path';
import { applicationFile } from '../../../fleet/applications.ts';
import { InputError, type Position } from '../../../lib/errors.ts';
import type { OutsidePath } from '../../../model/app/outside-path.ts';
import type { PathsBefore } from '../values/values.ts';
import type { RepoFiles } from './repo-files.ts';

/** The folder below an app's folder on the site for copies of files from elsewhere in the repo. */
export const COPIES = '.repo';

/** The folders of an app on a site. */
export interface SiteFolder {
  /** The app's name. */
  name: string;
  filesDir: string;
  /** The project's folder, absolute. */
  project: string;
  /** Somebody chose the project's folder; it need not be below `filesDir`. */
  isElsewhere: boolean;
  /** Somebody started a stack from the project's folder, and its data may be beside it. */
  isAdopted: boolean;
  /** The repo is a fleet, so it may have other apps. */
  isOfFleet: boolean;
  before?: PathsBefore | undefined;
}

/**
 * Resolves a path that leads out of the app's folder. If Git has something there, the app gets a copy of it. Otherwise it is a path on the
 * site, which Docker Compose resolves from the project's folder; it must not lead into the folder of another app or of the agent. `repo` is
 * the path in the repo, `written` the text in the Compose file. Throws InputError at `at`.
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
    copy: leavesRepo ? undefined : posix.join(folder.filesDir, folder.name, COPIES, repo),
    at,
  };
  requireSameReading(path, written, folder);
  if (path.from === 'site') {
    return { ...path, beside: await folderBeside(site, at, folder, files) };
  }
  if (kind === 'dir' && folder.isAdopted) {
    throw InputError.at(
      at,
      `the adopted stack has its own folder ${site}, and Git has ${repo ? `a folder ${repo}` : 'one'}, too: a copy from Git would hide the stack's files`,
      `write the absolute path ${site}, or move Git's folder into the app's`,
    );
  }
  return path;
}

/** Throws InputError when a path now has another meaning than at the last acceptance: the service would lose its data. */
function requireSameReading(
  { path, from, site, copy, at }: OutsidePath,
  written: string,
  { before }: SiteFolder,
): void {
  const was = before?.readings.get(path);
  if (was === undefined || was === from) return;
  const [then, now] =
    from === 'git'
      ? [`${site} of the site, because Git had nothing there`, `a copy from Git (${copy})`]
      : [`a copy from Git (${copy})`, `${site} of the site, because Git has nothing there any more`];
  throw InputError.at(
    at,
    `${written} was ${then}, and would now be ${now}: the service would lose its files there`,
    from === 'git' ? 'give the file in Git another name' : 'bring the file back in Git, or name another path',
  );
}

/** The folder of FILES_DIR that holds a path of the site; undefined when the path is elsewhere, which only a chosen project folder allows. */
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
      `Git has nothing there, and on a site the path leads to ${site}, ${first === '' ? 'the folder of all apps' : `out of the folder of all apps (${filesDir})`}`,
      'add what it names to Git, or write the absolute path that it has on the site',
    );
  }
  const refuse = (why: string): never => {
    const hint = 'add what it names to Git, name another folder, or write the absolute path that it has on the site';
    throw InputError.at(at, `Git has nothing there, and on a site the path leads to ${site}: ${why}`, hint);
  };
  if (first.startsWith('.')) refuse('folders there that begin with a dot are not for apps');
  const isApp =
    first === name ||
    (isOfFleet && !before?.beside.has(first) && (await files.kind(applicationFile(first), at)) === 'file');
  if (isApp) refuse(`that is the folder of the app ${first}`);
  return first;
}
