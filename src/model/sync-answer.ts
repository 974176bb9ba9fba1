import type { SiteStatus } from './status/site-status.ts';

/** The answer of an agent that was told to look at Git and the engine now. */
export interface SyncAnswer {
  git: Look;
  engine: Look;
  /** The state of the site after the looks, as far as they have come. */
  status: SiteStatus;
}

/** `going`: it was not done in time, and goes on. */
export type Look = { is: 'done' } | { is: 'going' } | { is: 'failed'; text: string };
