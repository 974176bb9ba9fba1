import type { Position } from '../../lib/errors.ts';

/** A path that leads out of the app's folder. It means a copy of Git's file, or the site's own file if Git has nothing there. */
export interface Reading {
  /** Relative to the root of the config repo; it begins with `..` if it leads out of the repo. */
  path: string;
  from: 'git' | 'site';
}

export interface OutsidePath extends Reading {
  /** The absolute path on the site if Git has nothing there. */
  site: string;
  /** The path of the copy of Git's file; absent outside of the repo. */
  copy?: string | undefined;
  /** The folder below FILES_DIR, beside those of the apps, that has the site's own file. */
  beside?: string | undefined;
  at: Position;
}
