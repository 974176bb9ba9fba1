import { type CompiledSite, desiredOfSite } from '../compose/compile-fleet.ts';
import type { KnownApps } from '../fleet/facts/known-site.ts';
import type { PlanProblem } from '../model/plan.ts';
import { requiresText } from '../model/requirement.ts';
import type { DesiredApp } from '../model/state.ts';
import { changeDigest } from '../plan/facts/goals.ts';
import type { PlanOptions } from '../plan/facts/policy.ts';
import { plan } from '../plan/plan.ts';
import { changesOf } from '../plan/print/changes.ts';
import { withFoundNames } from '../plan/unknown-values.ts';
import { costsOf } from './costs/costs.ts';
import type { AppImpact, SiteImpact } from './impact.ts';
import { observedSite } from './observed/actual-of.ts';
import type { Observation } from './observed/observation.ts';
import { imagesIn, runningSite } from './running.ts';

/** An agent does the same, one app after the other; a pull for a tag that may have moved is no difference. */
const OPTIONS: PlanOptions = { byHand: false, prune: false, pullAlways: false, atOnce: true };

/** Narrows an impact, and tells what really runs. */
export interface ImpactOptions {
  /** The apps as the facts of the site tell, on each side. Absent: the facts are not known. */
  known?: { from: KnownApps | undefined; to: KnownApps | undefined } | undefined;
  /** Only these apps are told of. */
  apps?: readonly string[] | undefined;
  /** Absent: the site runs all that it should by the old revision. */
  observation?: Observation | undefined;
  /** With an observation: the placeholders of compiled texts, such as `{{TOKEN}}`. */
  placeholders?: ReadonlySet<string> | undefined;
}

/** Plans the change on a site. */
export function siteImpact(
  from: CompiledSite,
  to: CompiledSite,
  { apps: only, observation, placeholders = new Set(), known }: ImpactOptions = {},
): SiteImpact {
  const [before, wanted] = [desiredOfSite(from), desiredOfSite(to)];
  const { actual, memory } = observation
    ? observedSite(observation, before, wanted)
    : runningSite(before, known?.from?.parked);
  // A name that only the site knows is no difference.
  const after = observation ? withFoundNames(wanted, actual, placeholders) : wanted;
  const made = plan(after, actual, memory, 0, { ...OPTIONS, parked: known?.to?.parked });
  const [oldApps, newApps] = [before, after].map(({ apps }) => new Map(apps.map((app) => [app.name, app])));
  const wasBroken = new Map(before.broken.map((each) => [each.name, JSON.stringify(each.problems)]));
  const apps = made.apps.map(({ app, operations, problems, parked }): AppImpact => {
    const [was, is] = [oldApps?.get(app), newApps?.get(app)];
    const requires = requirementChange(was, is);
    const isSeen = known?.to !== undefined && !known.to.unseen.has(app);
    const wasParked = known?.from?.parked.get(app)?.reason;
    const changes = changesOf({ operations });
    const isTold =
      changes.length > 0 || parked?.reason !== wasParked || !was || !is || changeDigest(was) !== changeDigest(is);
    return {
      app,
      changes,
      problems: [...problems, ...(requires && !isSeen ? [requirementWarning(requires)] : []), ...orderChange(was, is)],
      parked: isTold ? parked?.reason : undefined,
      requires,
      isUnknown: wasBroken.has(app) || undefined,
    };
  });
  for (const { name, problems } of after.broken) {
    if (wasBroken.get(name) !== JSON.stringify(problems))
      apps.push({ app: name, changes: [], problems: [], refused: problems });
  }
  const told = apps.filter(
    ({ app, changes, problems, parked, refused }) =>
      (only?.includes(app) ?? true) && (changes.length + problems.length > 0 || parked !== undefined || refused),
  );
  return {
    apps: told.sort((a, b) => (a.app < b.app ? -1 : 1)),
    costs: costsOf(told, before, after, new Set(observation ? Object.keys(actual.images) : imagesIn(before))),
  };
}

/** The requirements of an app on both sides, where they differ. An app that goes requires nothing. */
function requirementChange(was: DesiredApp | undefined, is: DesiredApp | undefined): AppImpact['requires'] {
  const [before, after] = [was, is].map((each) => requiresText(each?.requires));
  return is && before !== undefined && after !== undefined && before !== after ? { before, after } : undefined;
}

/** The apps that it depends on, where others are meant than before. That counts at once, and changes nothing that runs. */
function orderChange(was: DesiredApp | undefined, is: DesiredApp | undefined): PlanProblem[] {
  const [before, after] = [was, is].map((each) => (each?.dependsOn ?? []).map(({ app }) => app).join(', '));
  if (!is || before === after) return [];
  const message = after
    ? `depends on ${after}${before ? `, before: ${before}` : ''}; its changes begin once that is done and runs`
    : `depends on ${before} no longer`;
  return [{ severity: 'warning', message }];
}

/** Where nobody knows if a site has what an app requires now, people are told to think of it. */
function requirementWarning({ before, after }: NonNullable<AppImpact['requires']>): PlanProblem {
  const message = after
    ? `requires ${after}${before ? `, before: ${before}` : ''}; a site that lacks it parks the app`
    : `requires ${before} no longer: it also runs on sites that lack it`;
  return { severity: 'warning', message };
}
