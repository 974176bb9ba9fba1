import type { DesiredSite } from '../model/state.ts';
import type { SitePolicy } from '../policy/site-policy.ts';
import { guardBinds } from './guard-binds.ts';
import { guardFolders } from './guard-folders.ts';
import { forbidByPolicy, refuseByPolicy } from './guard-policy.ts';
import type { Territory } from './territory.ts';

export interface Guards {
  /** The folders of the site; absent: they are not on this disk, or all are allowed. */
  territory?: Territory | undefined;
  /** Absent: the site has none, and allows everything else. */
  policy?: SitePolicy | undefined;
  /** The folder of all apps, where it is on this disk. */
  filesDir?: string | undefined;
  /** The folder in which an app was accepted. */
  before?: ((app: string) => string | undefined) | undefined;
}

/** Breaks each app that the site's own settings or its policy refuse: nothing of it changes, and the other apps go on. */
export async function guardSite(
  site: DesiredSite,
  { territory, policy, filesDir, before }: Guards,
): Promise<DesiredSite> {
  const inFolders = territory ? await guardFolders(site, territory, before) : site;
  const allowed = policy ? await refuseByPolicy(inFolders, policy, filesDir) : inFolders;
  return territory ? guardBinds(allowed, territory, policy) : allowed;
}

/** The same for a site that was accepted before. An app that its policy refuses now is marked: it keeps running or is stopped, and nothing of it is made. */
export async function guardAccepted(
  site: DesiredSite,
  { territory, policy, filesDir }: Omit<Guards, 'before'> & { filesDir: string },
): Promise<DesiredSite> {
  const inFolders = territory ? await guardFolders(site, territory) : site;
  const marked = policy ? await forbidByPolicy(inFolders, policy, filesDir) : inFolders;
  return territory ? guardBinds(marked, territory, policy) : marked;
}
