import { join } from 'node:path';
import type { Problem } from '../lib/errors.ts';
import { breakApps } from '../model/app/break-apps.ts';
import { servicesAndHooks } from '../model/app/services-and-hooks.ts';
import type { DesiredApp, DesiredSite } from '../model/state.ts';
import { forbidden, type SitePolicy } from '../policy/site-policy.ts';
import { isWithin, realPath } from './territory.ts';

/** Breaks each app that the policy of the site refuses: nothing of it changes, and the other apps go on. `filesDir` is absent where it is not on this disk. */
export async function refuseByPolicy(site: DesiredSite, policy: SitePolicy, filesDir?: string): Promise<DesiredSite> {
  const problems = new Map<string, Problem[]>();
  for (const app of site.apps) {
    const found = await problemsOf(app, policy, filesDir);
    if (found.length > 0) problems.set(app.name, found);
  }
  return breakApps(site, problems);
}

/** Marks each app that was accepted before and that the policy refuses now: it keeps running or is stopped, and nothing of it is made. */
export async function forbidByPolicy(site: DesiredSite, policy: SitePolicy, filesDir: string): Promise<DesiredSite> {
  const apps: DesiredApp[] = [];
  for (const app of site.apps) {
    const problems = await problemsOf(app, policy, filesDir);
    apps.push(problems.length > 0 ? forbidden(app, problems, policy) : app);
  }
  return { ...site, apps };
}

async function problemsOf(app: DesiredApp, policy: SitePolicy, filesDir: string | undefined): Promise<Problem[]> {
  const link = filesDir !== undefined && !policy.allowsLinks(app.name) ? await linkProblem(app, filesDir) : undefined;
  return [...policy.problems(app), ...(link ? [link] : [])];
}

/** A container may have put a link into its app's folder, and the engine follows it when another one binds a path there. */
async function linkProblem(app: DesiredApp, filesDir: string): Promise<Problem | undefined> {
  const own = join(filesDir, app.name);
  const home = join(await realPath(filesDir), app.name);
  const mounts = servicesAndHooks(app).flatMap(({ containers }) => containers.flatMap(({ spec }) => spec.Mounts ?? []));
  const sources = [
    ...mounts.flatMap(({ Type, Source }) => (Type === 'bind' && Source !== undefined ? [Source] : [])),
    ...app.volumes.flatMap(({ spec }) => spec.DriverOpts?.device ?? []),
  ];
  for (const source of new Set(sources)) {
    const path = join('/', source);
    if (!isWithin(path, own)) continue;
    const real = await realPath(path);
    if (real === join(home, path.slice(own.length))) continue;
    return {
      message: `the site's policy refuses it (pathsBelowWritable): ${source} leads to ${real} by a link`,
      hint: 'remove the link, or bind another path',
      app: app.name,
    };
  }
  return undefined;
}
