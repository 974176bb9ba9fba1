import type { Problem } from '../lib/errors.ts';
import type { SiteStep } from '../model/fleet.ts';
import type { PlanProblem } from '../model/plan.ts';
import type { Change } from '../plan/print/changes.ts';

/** The effect of a change of the repo on one site. */
export interface SiteImpact {
  /** Sorted by name; apps to which nothing happens are left out. */
  apps: AppImpact[];
  costs: Costs;
}

export interface AppImpact {
  app: string;
  changes: Change[];
  /** Parts that cannot be brought about, and facts worth knowing. */
  problems: PlanProblem[];
  /** The site lacks something that the app requires: nothing of it is made or started. In words: `needs /dev/ttyUSB0`. */
  parked?: string | undefined;
  /** All that the app requires on the two sides, in words, where that differs. */
  requires?: { before: string; after: string } | undefined;
  /** The step of the rollout in which the change begins there; absent: at once. */
  step?: SiteStep | undefined;
  /** Apps whose changes begin together with this one, since it is tied to them. Absent: none. */
  together?: string[] | undefined;
  /** The new revision of the app cannot be used: the site keeps what it runs. */
  refused?: readonly Problem[] | undefined;
  /** The old revision could not be used, so that nobody knows from Git what runs. */
  isUnknown?: true | undefined;
}

export interface Costs {
  /** Containers that are stopped, at least for a moment, by name. */
  restarted: string[];
  /** Volumes that a restarted or new container mounts, and those that are made or removed. */
  volumes: string[];
  /** Images that the site needs now and did not need before. */
  images: string[];
  /** The images that the apps of these had before. */
  imagesBefore: string[];
  /** The platforms that services ask for (`platform:`), by image of either side. Absent: that of the site. */
  platforms?: Record<string, string[]> | undefined;
}

/** The effect of a change on the sites of one group: on all of them the same. */
export type GroupImpact =
  | { kind: 'unchanged' }
  /** The site is new: everything is created. */
  | { kind: 'added'; impact: SiteImpact }
  /** Git no longer names the site. Its agent keeps what it runs. */
  | { kind: 'removed' }
  | { kind: 'changed'; impact: SiteImpact }
  | { kind: 'broken'; problems: readonly Problem[] }
  | { kind: 'unknown'; why: string };

export interface ImpactGroup {
  /** Sorted. */
  sites: string[];
  impact: GroupImpact;
  /** When sync windows let the changes begin, where they are closed on a site. */
  openings?: GroupOpenings[] | undefined;
}

/** The openings for apps whose changes begin at the same times. */
export interface GroupOpenings {
  apps: string[];
  step?: SiteStep | undefined;
  /** The earliest first. */
  times: OpeningTime[];
}

/** The first moment, not before the step of the change, at which sync windows are open: as of the time of the command. */
export interface OpeningTime {
  /** RFC 3339. `now`: they are open when the step comes. Absent: they do not open within a year. */
  opens?: string | undefined;
  /** The zone of these sites. */
  zone: string;
  /** The number of sites. */
  sites: number;
}
