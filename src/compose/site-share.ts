import type { Problem } from '../lib/errors.ts';
import { SITE_LIMITS, type SizeLimits } from '../lib/limits.ts';
import { SIZE_IN_WORDS, type Size } from './compile/app-size.ts';

const LIMITS = Object.keys(SITE_LIMITS) as (keyof SizeLimits)[];

/** How much of the agent's memory each app of a site takes. Where all together take too much, the largest gives way, and the small ones stay. */
export class SiteShare {
  private readonly sizes = new Map<string, Size>();

  /** Counts an app; the apps that have to go because of it, which may be itself, each with the reason. */
  take(app: string, size: Size): { name: string; problem: Problem }[] {
    this.sizes.set(app, size);
    const gone: { name: string; problem: Problem }[] = [];
    for (const limit of LIMITS) {
      while (this.sumOf(limit) > SITE_LIMITS[limit]) {
        const name = this.largest(limit);
        this.sizes.delete(name);
        const message = `the apps of the site together have ${SIZE_IN_WORDS[limit](SITE_LIMITS[limit])}, and this one is the largest`;
        gone.push({ name, problem: { message, hint: 'make it smaller, or place some apps elsewhere', app: name } });
      }
    }
    return gone;
  }

  private sumOf(limit: keyof SizeLimits): number {
    return [...this.sizes.values()].reduce((sum, size) => sum + size[limit], 0);
  }

  /** The last by name, if several are as large. */
  private largest(limit: keyof SizeLimits): string {
    const found = [...this.sizes].sort(([a, x], [b, y]) => y[limit] - x[limit] || (a > b ? -1 : 1))[0];
    if (!found) throw new Error('no app takes anything, and yet it is too much');
    return found[0];
  }
}
