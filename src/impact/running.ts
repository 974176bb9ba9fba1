import { imagesOf } from '../container/fields/mounts.ts';
import { containerHash, contentDigest, hooksDigest } from '../container/labels/hash.ts';
import { servicesAndHooks } from '../model/app/services-and-hooks.ts';
import { emptyMemory, type Memory } from '../model/memory.ts';
import type { Parkings } from '../model/requirement.ts';
import type {
  ActualContainer,
  ActualSite,
  DesiredApp,
  DesiredContainer,
  DesiredService,
  DesiredSite,
  EngineFacts,
} from '../model/state.ts';
import { rememberMade, withMade } from '../plan/memory/sync-hooks.ts';
import { rememberConverged, updateFromState } from '../plan/memory/update.ts';

/** A site that runs exactly what it should, and the memory of its agent. No engine is asked. An app that was parked has no container that runs. */
export function runningSite(desired: DesiredSite, parked?: Parkings): { actual: ActualSite; memory: Memory } {
  const running = desired.apps.filter(({ name }) => !parked?.has(name));
  const actual: ActualSite = {
    engine: ENGINE,
    containers: running.flatMap((app) => containersOf(app, desired.site)),
    foreignNames: {},
    networks: Object.fromEntries(
      desired.apps.flatMap((app) =>
        app.networks.map(({ key, external, spec }) => [
          spec.Name,
          {
            id: idOfNetwork(spec.Name),
            spec,
            owner: external ? undefined : { site: desired.site, app: app.name, key },
          },
        ]),
      ),
    ),
    volumes: Object.fromEntries(
      desired.apps.flatMap((app) =>
        app.volumes.map(({ key, external, spec }) => [
          spec.Name,
          { spec, owner: external ? undefined : { site: desired.site, app: app.name, key } },
        ]),
      ),
    ),
    images: Object.fromEntries(imagesIn(desired).flatMap((reference) => imageEntries(reference))),
    files: Object.fromEntries(
      desired.apps.flatMap(({ files }) => files.map(({ path, digest, mode }) => [path, { digest, mode }])),
    ),
    problems: [],
  };
  return { actual, memory: desired.apps.reduce(withMade, convergedMemory(desired, actual)) };
}

/** The memory of an agent that brought this state about. A change that the containers do not show was not made. */
export const convergedMemory = (desired: DesiredSite, actual: ActualSite): Memory =>
  desired.apps.reduce(
    (known, app) => rememberMade(rememberConverged(written(known, app), app), app, actual),
    updateFromState(emptyMemory(), desired, actual, 0),
  );

/** An engine that has all that the planner can use. */
const ENGINE: EngineFacts = {
  product: 'Docker',
  version: '28',
  apiVersion: '1.48',
  can: {
    update: true,
    networksAtCreate: true,
    removesJoined: true,
    startInterval: true,
    unreported: [],
    quirks: [],
  },
};

/** The images that the containers of a site need. */
export const imagesIn = ({ apps }: DesiredSite): string[] => [
  ...new Set(
    apps.flatMap((app) =>
      servicesAndHooks(app).flatMap(({ containers }) => containers.flatMap(({ spec }) => imagesOf(spec))),
    ),
  ),
];

const idOfImage = (reference: string): string => `image of ${reference}`;
const idOfNetwork = (name: string): string => `network ${name}`;

/** An image is known by its reference and by its ID. It brings nothing along: both sides of a comparison lack the same. */
const imageEntries = (reference: string): [string, ActualSite['images'][string]][] =>
  [reference, idOfImage(reference)].map((key) => [key, { id: idOfImage(reference), config: {} }]);

function containersOf(app: DesiredApp, site: string): ActualContainer[] {
  const jobs = new Set(
    app.services.flatMap(({ dependsOn }) =>
      dependsOn.flatMap(({ service, condition }) => (condition === 'completed' ? [service] : [])),
    ),
  );
  return app.services.flatMap((service) =>
    service.containers.map((container) => running(app, site, service, container, jobs.has(service.name))),
  );
}

function running(
  app: DesiredApp,
  site: string,
  service: DesiredService,
  { number, name, spec, filesDigest, hooks, covered, hidden }: DesiredContainer,
  isJob: boolean,
): ActualContainer {
  const { Files, Platform: _, ...observed } = spec;
  return {
    id: `${app.name}/${service.name}/${number}`,
    name,
    identity: { site, app: app.name, service: service.name, number },
    spec: observed,
    imageId: idOfImage(spec.Image),
    // A service that others wait for to complete has done so.
    status: isJob ? 'exited' : 'running',
    exitCode: 0,
    oomKilled: false,
    startedAt: '',
    health: spec.Healthcheck && !isJob ? 'healthy' : 'none',
    restartCount: 0,
    error: '',
    specHash: containerHash({ spec, covered }),
    filesDigest,
    contentDigest: contentDigest(Files),
    hooksDigest: hooksDigest(hooks),
    ...(hidden && { hidden }),
    dependsOn: service.dependsOn.map(({ service: other }) => other),
    anonymousVolumes: {},
    networkIds: Object.fromEntries(Object.keys(spec.Networks ?? {}).map((each) => [each, idOfNetwork(each)])),
  };
}

/** The agent remembers which files it wrote, and for which desired state it pulled images. */
function written(memory: Memory, app: DesiredApp): Memory {
  if (app.files.length === 0) return memory;
  const files = Object.fromEntries(app.files.map(({ path, digest }) => [path, digest]));
  return { ...memory, files: { ...memory.files, [app.name]: files } };
}
