import { differences } from '../../container/compare.ts';
import { withOwned } from '../../container/ignore.ts';
import { contentDigest, hooksDigest, specHash } from '../../container/labels/hash.ts';
import { own } from '../../lib/maps/own.ts';
import type { ContainerSpec } from '../../model/spec.ts';
import type {
  ActualContainer,
  ActualSite,
  DesiredApp,
  DesiredContainer,
  DesiredSite,
  ImageConfig,
} from '../../model/state.ts';
import { wantedAt } from '../../plan/facts/containers.ts';
import { convergedMemory } from '../running.ts';
import type { Observation, ObservedContainer } from './observation.ts';

/**
 * The actual state that an observation tells of. A value that it leaves out counts as the one of the old revision, `before`; so does the content of configs,
 * secrets and files. Where the old revision does not name the container, the new one counts, `after`.
 */
function actualOf(observation: Observation, before: DesiredSite, after: DesiredSite): ActualSite {
  const sites = [before, after];
  const { containers, networks, volumes, engine, images, foreignNames, strangersOn } = observation;
  const adopting = new Set(sites.flatMap(({ apps }) => apps.flatMap(({ name, adopt }) => (adopt ? [name] : []))));
  const isOurs = ({ adopted, identity }: ObservedContainer): boolean => !adopted || adopting.has(identity.app);
  const others = containers.filter((each) => !isOurs(each));
  return {
    engine,
    containers: containers.filter(isOurs).map((each) => containerOf(each, observation, sites)),
    foreignNames: { ...foreignNames, ...Object.fromEntries(others.map(({ name, id }) => [name, id])) },
    ...(strangersOn && { strangersOn }),
    networks: withOptions(networks, sites, 'networks'),
    volumes: withOptions(volumes, sites, 'volumes'),
    images,
    files: Object.fromEntries(
      before.apps.flatMap(({ files }) => files.map(({ path, digest, mode }) => [path, { digest, mode }])),
    ),
    problems: [],
  };
}

/** The state that an observation tells of, and the memory of an agent that had converged to the old revision. */
export function observedSite(observation: Observation, before: DesiredSite, after: DesiredSite) {
  const actual = actualOf(observation, before, after);
  return { actual, memory: convergedMemory(before, actual) };
}

function containerOf(
  { notShown, ...container }: ObservedContainer,
  { images, engine }: Observation,
  sites: readonly DesiredSite[],
): ActualContainer {
  const wanted = sites.map((site) => wantedOf(site, container.identity)).find(Boolean);
  if (!wanted) return { ...container, error: '', specHash: '', contentDigest: undefined };
  const image = own(images, container.imageId)?.config;
  const spec = withOwned(container.spec, asMade(wanted.spec, image), undefined, notShown);
  const isAsMade = differences(wanted.spec, spec, image, engine.can).length === 0;
  return {
    ...container,
    spec,
    error: '',
    // It tells for which wanted state a job has completed.
    specHash: isAsMade ? specHash(wanted.spec) : '',
    contentDigest: contentDigest(wanted.spec.Files),
    hooksDigest: hooksDigest(wanted.hooks),
  };
}

function wantedOf({ apps }: DesiredSite, identity: ActualContainer['identity']): DesiredContainer | undefined {
  const app: DesiredApp | undefined = apps.find(({ name }) => name === identity.app);
  return wantedAt(app, identity);
}

/** The spec with the parts that a container gets from its image as a whole, as an engine reports them. */
function asMade(spec: ContainerSpec, image: ImageConfig = {}): ContainerSpec {
  const { Entrypoint, Cmd, Healthcheck } = spec;
  const made: ContainerSpec = { ...spec };
  if (!Entrypoint && image.Entrypoint) made.Entrypoint = image.Entrypoint;
  if (!Cmd && !Entrypoint && image.Cmd) made.Cmd = image.Cmd;
  if (image.Healthcheck) made.Healthcheck = { ...image.Healthcheck, ...Healthcheck };
  return made;
}

/** Networks or volumes with the options of their driver as Git says. */
function withOptions<T extends { spec: { Name: string; DriverOpts?: Record<string, string> } }>(
  found: Record<string, T>,
  sites: readonly DesiredSite[],
  kind: 'networks' | 'volumes',
): Record<string, T> {
  const options = new Map<string, Record<string, string>>();
  for (const { spec } of sites.flatMap(({ apps }) => apps.flatMap((app) => app[kind])))
    if (spec.DriverOpts && !options.has(spec.Name)) options.set(spec.Name, spec.DriverOpts);
  return Object.fromEntries(
    Object.entries(found).map(([name, each]) => {
      const DriverOpts = options.get(name);
      return [name, DriverOpts ? { ...each, spec: { ...each.spec, DriverOpts } } : each];
    }),
  );
}
