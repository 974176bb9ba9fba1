import { expect } from '@jest/globals';
import { document, wholeAgent } from '../run/whole-agent.ts';

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

export const compose = (image: string, more: object = {}): string =>
  JSON.stringify({ services: { web: { image, command: ['serve'], ...more } } });

interface Repo {
  image?: string;
  after?: string;
  suspend?: boolean;
  more?: Record<string, string>;
}

export const repoOf = ({ image = 'app:1', after = '24h', suspend = false, more = {} }: Repo) => ({
  'fleet.yaml': document('Fleet', {
    syncPolicy: { automated: { prune: true, selfHeal: true } },
    pruneThreshold: 100,
    rollout: { steps: [{ percent: 100, after }] },
  }),
  'sites/here.yaml': document('Site', { allowEmpty: true }),
  'apps/web/app.yaml': document('Application', suspend ? { suspend } : {}),
  'apps/web/compose.yaml': compose(image),
  ...more,
});

export const V1 = ['web-web-1 app:1'];
export const V2 = ['web-web-1 app:2'];

/** A site whose agent looks every five minutes. */
export const siteOf = (shows?: number) => wholeAgent({ shows, images: ['app:1', 'app:2', 'app:3'], resyncMs: HOUR });

/** A site that runs app:1 and whose rollout makes it wait. */
export async function settled(repo: Repo = {}, shows?: number) {
  const made = siteOf(shows);
  made.repo.commit(repoOf(repo));
  await made.start();
  await made.clock.advance(HOUR);
  // A site that never accepted anything starts everything at once.
  expect(made.running()).toEqual(V1);
  return made;
}
