import { FIELDS } from '../container/fields/table.ts';
import { withOwned } from '../container/ignore.ts';
import { own } from '../lib/maps/own.ts';
import type { ContainerSpec } from '../model/spec.ts';
import type { ActualContainer, ActualSite, DesiredContainer, DesiredService, DesiredSite } from '../model/state.ts';
import { claimantsOf } from './facts/containers.ts';

/** Fields that `deploy` asks for under names of its own. */
const OF_DEPLOY = ['memory', 'mem_reservation', 'cpus', 'pids_limit'];

/**
 * The same site without differences that come from placeholders alone: a field whose value only the site knows is taken from the container
 * of the same slot. `names` are the placeholders as texts have them, such as `{{TOKEN}}`.
 */
export function withFoundValues(
  desired: DesiredSite,
  actual: ActualSite,
  names: ReadonlySet<string>,
): { desired: DesiredSite; actual: ActualSite } {
  const unread = new Set<string>();
  const taken = withFound(desired, actual, (wanted, found, keys) => {
    if (
      keys.some((key) => key === 'configs' || key === 'secrets' || key === 'post_start') ||
      holdsInFiles(wanted, names)
    )
      unread.add(found.id);
    const image = own(actual.images, found.imageId)?.config;
    const spec = withOwned(wanted.spec, found.spec, image, unknownFields(wanted.spec, keys, names));
    return asNamed({ ...wanted, spec }, wanted, found, keys, names);
  });
  return {
    desired: taken,
    actual: {
      ...actual,
      containers: actual.containers.map((each) => {
        if (!unread.has(each.id)) return each;
        // Only their digests could be compared.
        return { ...each, contentDigest: undefined, hooksDigest: undefined };
      }),
    },
  };
}

/** The same site with the names, images and networks of its containers, if they hold placeholders. All fields of both sides stay. */
export const withFoundNames = (desired: DesiredSite, actual: ActualSite, names: ReadonlySet<string>): DesiredSite =>
  withFound(desired, actual, (wanted, found, keys) => asNamed(wanted, wanted, found, keys, names));

/** The placeholder as texts have it. Compiling with placeholders writes a name so. */
export const placeholderOf = (name: string): string => `{{${name}}}`;

/** The fields with a placeholder, and those of keys that hold one: `environment.TOKEN`, `memory`. `names` are the placeholders as texts have them. */
export function unknownFields(spec: ContainerSpec, keys: readonly string[], names: ReadonlySet<string>): string[] {
  const words = FIELDS.flatMap(({ name, label, alias, ownable }): string[] => {
    const value = spec[name];
    const isMap = ownable === 'keys';
    if (!isMap && (keys.includes(label) || (alias && keys.includes(alias)))) return [label];
    if (!holds(value, names)) return [];
    const entries = Object.entries(value ?? {});
    // A name with a placeholder is another name on the site.
    if (!isMap || entries.some(([key]) => holds(key, names))) return [label];
    return entries.flatMap(([key, one]) => (holds(one, names) ? [`${label}.${key}`] : []));
  });
  return keys.includes('deploy') ? [...words, ...OF_DEPLOY] : words;
}

/** Changes each wanted container that has one on the site. `keys`: those of its service that hold placeholders. */
function withFound(
  desired: DesiredSite,
  actual: ActualSite,
  change: (wanted: DesiredContainer, found: ActualContainer, keys: readonly string[]) => DesiredContainer,
): DesiredSite {
  const changed = (app: string, service: DesiredService, wanted: DesiredContainer): DesiredContainer => {
    const slot = { app, service: service.name, number: wanted.number };
    const found = claimantsOf(actual.containers, slot).find(({ identity }) => identity.site === desired.site);
    return found ? change(wanted, found, service.siteKeys ?? []) : wanted;
  };
  return {
    ...desired,
    apps: desired.apps.map((app) => ({
      ...app,
      services: app.services.map((service) => ({
        ...service,
        containers: service.containers.map((each) => changed(app.name, service, each)),
      })),
    })),
  };
}

/** `container` with the name, image and networks that were found, where those that are `wanted` hold placeholders. */
function asNamed(
  container: DesiredContainer,
  { name, spec }: DesiredContainer,
  found: ActualContainer,
  keys: readonly string[],
  names: ReadonlySet<string>,
): DesiredContainer {
  const isOtherName = holds(name, names) || keys.includes('container_name');
  // A container's name is an alias on its networks.
  const isOtherNet = keys.includes('networks') || keys.includes('container_name') || holds(spec.Networks, names);
  return {
    ...container,
    ...(isOtherName && { name: found.name }),
    spec: {
      ...container.spec,
      ...(holds(spec.Image, names) && { Image: found.spec.Image }),
      ...(isOtherNet && found.spec.Networks && { Networks: found.spec.Networks }),
    },
  };
}

function holds(value: unknown, names: ReadonlySet<string>): boolean {
  const text = JSON.stringify(value) ?? '';
  return [...names].some((name) => text.includes(name));
}

const holdsInFiles = ({ spec }: DesiredContainer, names: ReadonlySet<string>): boolean =>
  (spec.Files ?? []).some(({ content }) => {
    const text = Buffer.from(content).toString('utf8');
    return [...names].some((name) => text.includes(name));
  });
