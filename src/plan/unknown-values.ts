import { FIELDS } from '../container/fields/table.ts';
import { withOwned } from '../container/ignore.ts';
import { own } from '../lib/own.ts';
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
  const holds = (value: unknown): boolean => {
    const text = JSON.stringify(value) ?? '';
    return [...names].some((name) => text.includes(name));
  };
  const unread = new Set<string>();
  const taken = (app: string, service: DesiredService, wanted: DesiredContainer): DesiredContainer => {
    const slot = { app, service: service.name, number: wanted.number };
    const found = claimantsOf(actual.containers, slot).find(({ identity }) => identity.site === desired.site);
    if (!found) return wanted;
    const keys = service.siteKeys ?? [];
    if (
      keys.some((key) => key === 'configs' || key === 'secrets' || key === 'post_start') ||
      holdsInFiles(wanted, names)
    )
      unread.add(found.id);
    return {
      ...wanted,
      ...((holds(wanted.name) || keys.includes('container_name')) && { name: found.name }),
      spec: asFound(wanted.spec, found, actual, keys, holds),
    };
  };
  return {
    desired: {
      ...desired,
      apps: desired.apps.map((app) => ({
        ...app,
        services: app.services.map((service) => ({
          ...service,
          containers: service.containers.map((each) => taken(app.name, service, each)),
        })),
      })),
    },
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

function asFound(
  spec: ContainerSpec,
  found: ActualContainer,
  actual: ActualSite,
  keys: readonly string[],
  holds: (value: unknown) => boolean,
): ContainerSpec {
  const words = FIELDS.flatMap(({ name, label, alias, ownable }): string[] => {
    const value = spec[name];
    const isMap = ownable === 'keys';
    if (!isMap && (keys.includes(label) || (alias && keys.includes(alias)))) return [label];
    if (!holds(value)) return [];
    const entries = Object.entries(value ?? {});
    // A name with a placeholder is another name on the site.
    if (!isMap || entries.some(([key]) => holds(key))) return [label];
    return entries.flatMap(([key, one]) => (holds(one) ? [`${label}.${key}`] : []));
  });
  if (keys.includes('deploy')) words.push(...OF_DEPLOY);
  const image = own(actual.images, found.imageId)?.config;
  const asked = withOwned(spec, found.spec, image, words);
  // A container's name is an alias on its networks.
  const isOtherNet = keys.includes('networks') || keys.includes('container_name') || holds(spec.Networks);
  return {
    ...asked,
    ...(holds(spec.Image) && { Image: found.spec.Image }),
    ...(isOtherNet && found.spec.Networks && { Networks: found.spec.Networks }),
  };
}

const holdsInFiles = ({ spec }: DesiredContainer, names: ReadonlySet<string>): boolean =>
  (spec.Files ?? []).some(({ content }) => {
    const text = Buffer.from(content).toString('utf8');
    return [...names].some((name) => text.includes(name));
  });
