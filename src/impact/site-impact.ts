import { type CompiledSite, desiredOfSite } from '../compose/compile-fleet.ts';
import type { DesiredSite } from '../model/state.ts';
import type { PlanOptions } from '../plan/facts/policy.ts';
import { plan } from '../plan/plan.ts';
import { changesOf } from '../plan/print/changes.ts';
import type { AppImpact, Costs, SiteImpact } from './impact.ts';
import { imagesIn, runningSite } from './running.ts';

/** An agent does the same; a pull for a tag that may have moved is no difference. */
const OPTIONS: PlanOptions = { byHand: false, prune: false, pullAlways: false };

/** Plans the change on a site that runs all that it should by the old revision. `only`: the apps that are told of. */
export function siteImpact(from: CompiledSite, to: CompiledSite, only?: readonly string[]): SiteImpact {
  const [before, after] = [desiredOfSite(from), desiredOfSite(to)];
  const { actual, memory } = runningSite(before);
  const made = plan(after, actual, memory, 0, OPTIONS);
  const wasBroken = new Map(before.broken.map((each) => [each.name, JSON.stringify(each.problems)]));
  const apps = made.apps.map(
    ({ app, operations, problems }): AppImpact => ({
      app,
      changes: changesOf({ operations }),
      problems,
      isUnknown: wasBroken.has(app) || undefined,
    }),
  );
  for (const { name, problems } of after.broken) {
    if (wasBroken.get(name) !== JSON.stringify(problems))
      apps.push({ app: name, changes: [], problems: [], refused: problems });
  }
  const told = apps.filter(
    ({ app, changes, problems, refused }) =>
      (only?.includes(app) ?? true) && (changes.length + problems.length > 0 || refused),
  );
  return {
    apps: told.sort((a, b) => (a.app < b.app ? -1 : 1)),
    costs: costsOf(told, before, after),
  };
}

function costsOf(apps: readonly AppImpact[], before: DesiredSite, after: DesiredSite): Costs {
  const changes = apps.flatMap((each) => each.changes).filter(({ withheld }) => !withheld);
  const touched = changes.filter(
    ({ kind, effect, action }) => kind === 'container' && (effect === 'restart' || action === 'create'),
  );
  const names = new Set(touched.map(({ name }) => name));
  const mounted = [before, after].flatMap((site) => volumesOf(site, names));
  const made = changes.flatMap(({ kind, name }) => (kind === 'volume' ? [name] : []));
  const had = new Set(imagesIn(before));
  return {
    restarted: touched.flatMap(({ effect, name }) => (effect === 'restart' ? [name] : [])),
    volumes: [...new Set([...mounted, ...made])].sort(),
    images: imagesIn(after)
      .filter((image) => !had.has(image))
      .sort(),
  };
}

/** The named volumes of containers, by the names of the containers. */
const volumesOf = ({ apps }: DesiredSite, names: ReadonlySet<string>): string[] =>
  apps.flatMap(({ services }) =>
    services.flatMap(({ containers }) =>
      containers.flatMap(({ name, spec: { Mounts = [] } }) =>
        names.has(name) ? Mounts.flatMap(({ Type, Source }) => (Type === 'volume' && Source ? [Source] : [])) : [],
      ),
    ),
  );
