import { entry } from '../lib/maps/map-entry.ts';
import type { SiteWindows, SyncWindow } from '../model/sync-window.ts';

/** Gives the windows of an app on a site a text that is the same for equal windows, wherever they are written. */
export function windowKeys(): (site: SiteWindows | undefined, app: readonly SyncWindow[]) => string {
  // Sites share the objects of their apps, and each site asks for all of its own.
  const known = new WeakMap<object, string>();
  const textOf = (windows: object): string => entry(known, windows, () => JSON.stringify(windows, withoutPlace));
  return (site, app) => `${textOf(app)} ${site ? textOf(site) : ''}`;
}

/** Each Site writes its windows in a file of its own. */
const withoutPlace = (key: string, value: unknown): unknown => (key === 'at' ? undefined : value);
