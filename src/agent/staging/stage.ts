import { type ChangingApp, changeSets, type Ties } from '../../compose/change-sets.ts';
import { longerOf } from '../../fleet/keys/rollout.ts';
import { own } from '../../lib/maps/own.ts';
import type { PlacedApp, SiteStep } from '../../model/fleet.ts';
import type { DesiredApp, DesiredSite } from '../../model/state.ts';
import { changeDigest } from '../../plan/facts/goals.ts';
import type { Promotion } from '../../trust/promotion.ts';
import type { Accepted, AcceptedApp } from '../state/accepted.ts';
import type { Sightings } from './sightings.ts';

/** A change of an app that has not begun. */
export interface WaitingChange {
  app: string;
  step: SiteStep | undefined;
  /** Apps whose changes begin together with it. */
  together: string[];
  /** Milliseconds; Infinity: until a promotion. */
  wait: number;
}

export interface Staged {
  accepted: Accepted;
  waiting: WaitingChange[];
}

/** The digest of an app that Git has no more. */
const GONE = 'gone';

/**
 * Splits what was gathered into what begins now and what waits for its step of the rollout. An app whose change waits stays as it runs; its policies of
 * Git count at once. `apps` compares the two states as they compile by the site's settings of now, so that the site's own values hold
 * nothing back. A site that never accepted anything waits for nothing, and neither does one that pins a commit or a tag.
 */
export function stage(
  next: Accepted,
  current: Accepted | undefined,
  { apps, sightings, promotions }: StageFacts,
): Staged {
  if (!current || !apps || next.pin?.isFixed) {
    sightings.keep([]);
    return { accepted: { ...next, waiting: undefined }, waiting: [] };
  }
  const { before, after, changes } = apps;
  const changing = [...changes.keys()];
  for (const [name, change] of changes) sightings.see(name, change);
  sightings.keep(changing);

  const stepFor = (name: string): SiteStep | undefined => {
    const [old, wish] = [own(current.apps, name)?.placed.step, own(next.apps, name)?.placed.step];
    return own(next.apps, name) ? longerOf(old, wish) : (old ?? next.site.step);
  };
  const waitFor = (name: string, step: SiteStep | undefined): number => {
    const promotion = promotions.get(name);
    if (promotion?.state === 'hold') return Math.max(promotion.left, sightings.wait(name, step));
    return promotion && step && step.step <= promotion.step ? 0 : sightings.wait(name, step);
  };
  const ties = changing.map(
    (name): ChangingApp => ({
      name,
      before: tiesOf(own(current.apps, name), before.get(name)),
      after: tiesOf(own(next.apps, name), after.get(name)),
    }),
  );
  const waiting = changeSets(ties).flatMap((set): WaitingChange[] => {
    const wait = Math.max(...set.map((name) => waitFor(name, stepFor(name))));
    return wait > 0
      ? set.map((app) => ({ app, step: stepFor(app), together: set.filter((each) => each !== app), wait }))
      : [];
  });
  return { accepted: keptBack(next, current, waiting), waiting };
}

export interface StageFacts {
  /** Absent where the site runs nothing yet. */
  apps: ComparedApps | undefined;
  sightings: Sightings;
  /** The openings and holds of just these changes, by app. */
  promotions: ReadonlyMap<string, Opening>;
}

/** Opens the steps up to one for a change, or holds it; `left`: the milliseconds until that is over. */
export type Opening = Pick<Promotion, 'state' | 'step'> & { left: number };

/** The apps of two states, by name. */
export interface ComparedApps {
  before: ReadonlyMap<string, DesiredApp>;
  after: ReadonlyMap<string, DesiredApp>;
  /** Those that differ, with the digest of each as it is wanted. Broken ones are left as they are. */
  changes: ReadonlyMap<string, string>;
}

export function compareApps(running: DesiredSite, wanted: DesiredSite): ComparedApps {
  const [before, after] = [byName(running), byName(wanted)];
  const broken = new Set([...running.broken, ...wanted.broken].map(({ name }) => name));
  const names = [...new Set([...before.keys(), ...after.keys()])].filter((name) => !broken.has(name));
  const changed = names.filter((name) => digestOf(before.get(name)) !== digestOf(after.get(name)));
  return { before, after, changes: new Map(changed.map((name) => [name, digestOf(after.get(name))])) };
}

function keptBack(next: Accepted, current: Accepted, waiting: readonly WaitingChange[]): Accepted {
  if (waiting.length === 0) return { ...next, waiting: undefined };
  const apps = { ...next.apps };
  const held: Record<string, AcceptedApp | null> = {};
  for (const { app } of waiting) {
    const [old, wish] = [own(current.apps, app), own(next.apps, app)];
    held[app] = wish ?? null;
    if (old) apps[app] = { ...old, placed: withPolicies(old.placed, wish?.placed) };
    else delete apps[app];
  }
  return { ...next, apps, waiting: held };
}

/** The app as it runs, with the policies that Git has for it now. */
function withPolicies(running: PlacedApp, wanted: PlacedApp | undefined): PlacedApp {
  if (!wanted) return running;
  const { sync, suspend, syncWindows, dependsOn } = wanted;
  return { ...running, sync, suspend, syncWindows, dependsOn };
}

/** The state with all changes that wait, as it would be if none did. */
export function unstaged(accepted: Accepted): Accepted {
  const apps = { ...accepted.apps };
  for (const [name, app] of Object.entries(accepted.waiting ?? {})) {
    if (app) apps[name] = app;
    else delete apps[name];
  }
  return { ...accepted, apps, waiting: undefined };
}

const byName = ({ apps }: DesiredSite): Map<string, DesiredApp> => new Map(apps.map((app) => [app.name, app]));

const digestOf = (app: DesiredApp | undefined): string => (app ? changeDigest(app) : GONE);

const tiesOf = (accepted: AcceptedApp | undefined, app: DesiredApp | undefined): Ties | undefined =>
  accepted && {
    claims: accepted.claims ?? [],
    services: app?.services.map(({ name }) => name) ?? [],
    dependsOn: app?.dependsOn?.map((each) => each.app) ?? [],
  };
