import { join } from 'node:path';
import type { Problem } from '../lib/errors.ts';
import { breakApps } from '../model/app/break-apps.ts';
import type { DesiredApp, DesiredSite } from '../model/state.ts';
import { type BoundPath, boundPaths, mountedPaths } from '../policy/classes/mounts.ts';
import type { SitePolicy } from '../policy/site-policy.ts';
import { leadsAnywhere, normalPath } from '../policy/values/host-path.ts';
import { isWithin, realPath, type Territory } from './territory.ts';

/** A place of the host that is not for an app. */
interface Kept {
  path: string;
  real: string;
  /** Its content in words, for messages. */
  words: string;
}

/**
 * Breaks each app that binds the agent's own folders and files, the decrypted files of an app, or the folder of another app: also a folder around them, a path
 * that leads there by a link, and a volume that is a bind. It needs no policy; one that allows the agent's folders to an app says so on purpose. A folder of the
 * whole machine, such as / or /run, is the matter of a policy: who has that has the machine.
 */
export async function guardBinds(
  site: DesiredSite,
  territory: Territory,
  policy: Pick<SitePolicy, 'allowsAgentFolders'> | undefined,
): Promise<DesiredSite> {
  const { filesDir, secretsDir, keepOut } = territory;
  const kept = await Promise.all(
    [
      ...(secretsDir === undefined ? [] : [{ path: secretsDir, words: 'decrypted secrets' }]),
      ...keepOut.map((path) => ({ path, words: 'files of the agent' })),
    ].map(withReal),
  );
  const apps = [...site.apps, ...site.broken].map(({ name }) => name);
  const folders = await Promise.all(
    apps.map(async (name) => ({
      name,
      ...(await withReal({ path: join(filesDir, name), words: `files of ${name}` })),
    })),
  );
  const problems = new Map<string, Problem>();
  for (const app of site.apps) {
    if (app.forbidden || policy?.allowsAgentFolders(app.name)) continue;
    const others = folders.filter(({ name }) => name !== app.name);
    const problem = await refusalOf(app, [...kept, ...others], secretsDir && join(secretsDir, app.name));
    if (problem) problems.set(app.name, { ...problem, app: app.name });
  }
  return breakApps(site, problems);
}

async function refusalOf(
  app: DesiredApp,
  kept: readonly Kept[],
  ownSecrets: string | undefined,
): Promise<Problem | undefined> {
  const seen = new Set<string>();
  for (const bound of [...boundPaths(app), ...mountedPaths(app)]) {
    const key = `${bound.path} ${bound.isWritable}`;
    if (seen.has(key)) continue;
    seen.add(key);
    const near = await nearest(bound, kept, ownSecrets);
    if (near !== undefined)
      return {
        message: `${bound.by} binds ${bound.path}, ${near}`,
        hint: 'bind another path; a secret reaches a container by `secrets` in the Compose file',
      };
  }
  return undefined;
}

/** The reason why a path is not for an app, in words; undefined if it may bind it. */
async function nearest(
  { path: written, isWritable }: BoundPath,
  kept: readonly Kept[],
  ownSecrets: string | undefined,
): Promise<string | undefined> {
  const path = normalPath(written);
  if (leadsAnywhere(path)) return 'a link of the kernel, and such a link leads to any place of the host';
  // The compiler bound a decrypted file of the app there.
  if (!isWritable && ownSecrets !== undefined && path !== ownSecrets && isWithin(path, ownSecrets)) return undefined;
  const real = normalPath(await realPath(path));
  for (const each of kept) {
    if ([path, real].some((one) => isWithin(one, each.path) || isWithin(one, each.real)))
      return `where the site has ${each.words}`;
    if ([path, real].some((one) => !OF_MACHINE.has(one) && (isWithin(each.path, one) || isWithin(each.real, one))))
      return `and below it the site has ${each.words} (${each.path})`;
  }
  return undefined;
}

/** Folders that hold much more than Holdfast's. */
const OF_MACHINE: ReadonlySet<string> = new Set(
  [
    '',
    'run',
    'var',
    'var/lib',
    'etc',
    'usr',
    'home',
    'root',
    'opt',
    'srv',
    'mnt',
    'media',
    'tmp',
    'dev',
    'proc',
    'sys',
  ].map((name) => `/${name}`),
);

const withReal = async (each: Omit<Kept, 'real'>): Promise<Kept> => {
  const path = normalPath(each.path);
  return { ...each, path, real: normalPath(await realPath(path)) };
};
