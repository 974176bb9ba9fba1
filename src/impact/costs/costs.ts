import { entry } from '../../lib/maps/map-entry.ts';
import type { DesiredSite } from '../../model/state.ts';
import type { AppImpact, Costs } from '../impact.ts';
import { imagesIn } from '../running.ts';

/** The costs of a change on a site. `had`: the images on the site's disk. */
export function costsOf(
  apps: readonly AppImpact[],
  from: DesiredSite,
  to: DesiredSite,
  had: ReadonlySet<string>,
): Costs {
  const changes = apps.flatMap((each) => each.changes).filter(({ withheld }) => !withheld);
  const touched = changes.filter(
    ({ kind, effect, action }) => kind === 'container' && (effect === 'restart' || action === 'create'),
  );
  const names = new Set(touched.map(({ name }) => name));
  const [before, after] = [only(from, apps), only(to, apps)];
  const mounted = [from, to].flatMap((site) => volumesOf(site, names));
  const made = changes.flatMap(({ kind, name }) => (kind === 'volume' ? [name] : []));
  return {
    restarted: touched.flatMap(({ effect, name }) => (effect === 'restart' ? [name] : [])),
    volumes: [...new Set([...mounted, ...made])].sort(),
    // A parked app pulls nothing.
    images: imagesIn(
      only(
        after,
        apps.filter(({ parked }) => parked === undefined),
      ),
    )
      .filter((image) => !had.has(image))
      .sort(),
    imagesBefore: imagesIn(before).sort(),
    platforms: platformsIn([before, after]),
  };
}

/** The site with just these apps. */
function only(site: DesiredSite, named: readonly AppImpact[]): DesiredSite {
  const names = new Set(named.map(({ app }) => app));
  return { ...site, apps: site.apps.filter(({ name }) => names.has(name)) };
}

/** The platforms that services ask for, by image. */
function platformsIn(sites: readonly DesiredSite[]): Costs['platforms'] {
  const found = new Map<string, Set<string>>();
  for (const { services } of sites.flatMap(({ apps }) => apps))
    for (const { spec } of services.flatMap(({ containers }) => containers))
      if (spec.Platform) entry(found, spec.Image, () => new Set<string>()).add(spec.Platform);
  return found.size > 0 ? Object.fromEntries([...found].map(([image, all]) => [image, [...all].sort()])) : undefined;
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
