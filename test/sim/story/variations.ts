import { ADOPTING } from '../world/adoption.ts';
import type { Random } from '../world/random.ts';
import type { AppModel, RepoModel } from './repo-model.ts';

/** The things that only some stories have, by their seeds: older stories stay as they were told first. */
export interface Variations {
  /** Services share the network of another one. */
  sharing: boolean;
  /** Apps depend on each other. */
  ordering: boolean;
  /** Apps have encrypted files. */
  secrets: boolean;
  /** The site refuses privileged containers. */
  policy: boolean;
  /** Changes wait for a step of the Fleet's rollout. */
  steps: boolean;
}

/**
 * The variations of a story. One whose services share networks has a wall clock that never jumps back: by its times alone nobody can tell which of the two was
 * started first. The stories that are kept because a promise was broken in them are older than all but the sharing, and have no others.
 */
export const variationsOf = (seed: number): Variations => ({
  sharing: seed % 2 === 0,
  ordering: seed % 5 === 3,
  secrets: [2, 4, 5].includes(seed % 7),
  policy: [4, 5].includes(seed % 7),
  steps: [2, 5].includes(seed % 7),
});

const STEPS = ['2m', '10m', '15m'];

/** One more change, of the things that this story has; the model handed in stays as it is. */
export function varied(random: Random, before: RepoModel, { secrets, policy, steps }: Variations): RepoModel {
  const repo = structuredClone(before);
  if (steps && (repo.after === undefined || random.chance(0.15))) repo.after = random.pick(STEPS);
  for (const app of repo.apps) {
    // Nobody can see the files that docker compose put into a container: an app where it may be at work has none.
    if (secrets && !ADOPTING.has(app.name)) hide(random, app);
    for (const service of app.services)
      if (policy && random.chance(0.3)) service.privileged = random.chance(0.6) || undefined;
  }
  return repo;
}

/** Gives an app a secret, another value of it, or another encryption of the same value; and services that use it. */
function hide(random: Random, app: AppModel): void {
  if (!app.sealed || random.chance(0.2))
    app.sealed = {
      value: app.sealed && random.chance(0.5) ? app.sealed.value : random.between(0, 2),
      encryption: random.chance(0.1) ? 'foreign' : random.between(0, 1),
    };
  for (const service of app.services)
    if (service.uses === undefined || random.chance(0.1)) service.uses = random.pick(['', '', 'file', 'variable']);
}

/** The same, without what no site takes. */
export function allowed(before: RepoModel): RepoModel {
  const repo = structuredClone(before);
  for (const app of repo.apps) {
    if (app.sealed?.encryption === 'foreign') app.sealed.encryption = 0;
    for (const service of app.services) service.privileged = undefined;
  }
  return repo;
}

/** A site cannot use the app, and keeps what it had of it. */
export const isUnusable = ({ broken, services, sealed }: AppModel): boolean =>
  broken || (sealed?.encryption === 'foreign' && services.some(({ uses }) => uses));

/** Some sites refuse the app. */
export const isRefused = (app: AppModel): boolean =>
  isUnusable(app) || app.services.some(({ privileged }) => privileged === true);
