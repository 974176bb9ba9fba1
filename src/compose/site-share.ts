import type { Problem } from '../lib/errors.ts';
import { SITE_LIMITS, type SizeLimits } from '../lib/limits.ts';
import { SIZE_IN_WORDS, type Size } from './compile/app-size.ts';

const LIMITS = Object.keys(SITE_LIMITS) as (keyof SizeLimits)[];

/** Shares the site's limits between its apps. When all apps together are too large, the largest app is removed and the small ones stay. */
export class SiteShare {
  private readonly sizes = new Map<string, Size>();

  /** Adds an app. Gives the apps that must be removed because of it, with the reason; the app itself may be one of them. */
  take(app: string, size: Size): { name: string; problem: Problem }[] {
    this.sizes.set(app, size);
    const gone: { name: string; problem: Problem }[] = [];
    for (const limit of LIMITS) {
      while (this.sumOf(limit) > SITE_LIMITS[limit]) {
        const name = this.largest(limit);
        this.sizes.delete(name);
        const message = `the apps of the site together have ${SIZE_IN_WORDS[limit](SITE_LIMITS[limit])}, and this one is the largest`;
        gone.push({
          name,
          problem: { message, hint: 'make it smaller, or place some apps on other sites', app: name },
        });
      }
    }
    return gone;
  }

  private sumOf(limit: keyof SizeLimits): number {
    return [...this.sizes.values()].reduce((sum, size) => sum + size[limit], 0);
  }

  /** The largest app; of several equal ones, the last by name. */
  private largest(limit: keyof SizeLimits): string {
    const found = [...this.sizes].sort(([a, x], [b, y]) => y[limit] - x[limit] || (a > b ? -1 : 1))[0];
    if (!found) throw new Error('a limit is exceeded without any app');
    return found[0];
  }
}
