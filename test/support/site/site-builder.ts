import { createHash } from 'node:crypto';
import { containerHash, contentDigest, hooksDigest } from '../../../src/container/labels/hash.ts';
import type { HookPhase } from '../../../src/model/app/hook-phase.ts';
import { servicesAndHooks } from '../../../src/model/app/services-and-hooks.ts';
import type { SyncPolicy } from '../../../src/model/fleet.ts';
import { emptyMemory, type Memory } from '../../../src/model/memory.ts';
import type { ContainerSpec, NetworkSpec, VolumeSpec } from '../../../src/model/spec.ts';
import type {
  ActualContainer,
  ActualSite,
  Dependency,
  DesiredApp,
  DesiredContainer,
  DesiredNetwork,
  DesiredService,
  DesiredSite,
  DesiredVolume,
  EngineCapabilities,
  HostFile,
  SyncHook,
  UpdatePolicy,
} from '../../../src/model/state.ts';
import { appDigest } from '../../../src/plan/facts/goals.ts';

/** Small words for large values: what Git wants of a site, and a site that is just so or just not quite so. */

export const SITE = 'shop-17';

/** One part of an app, as in a Compose file. */
export type Part =
  | { part: 'service'; name: string; spec: Partial<ContainerSpec>; options: ServiceOptions }
  | { part: 'network'; network: DesiredNetwork }
  | { part: 'volume'; volume: DesiredVolume }
  | { part: 'file'; file: HostFile };

export interface ServiceOptions {
  replicas?: number;
  containerName?: string;
  /** `['db']`, or with conditions `{ db: 'healthy' }`. */
  dependsOn?: string[] | Record<string, Dependency['condition'] | Partial<Dependency>>;
  pullPolicy?: DesiredService['pullPolicy'];
  update?: UpdatePolicy;
  leavesFailed?: true;
  filesDigest?: string;
  hidden?: string[];
  /** Commands, a word each. */
  postStart?: string[];
  preStop?: string[];
  /** It is a hook of the app. */
  hook?: HookPhase;
  timeoutMs?: number;
}

/** A service on the app's default network, unless `spec` says otherwise; the image is `NAME:1`. */
export const service = (name: string, spec: Partial<ContainerSpec> = {}, options: ServiceOptions = {}): Part => ({
  part: 'service',
  name,
  spec,
  options,
});

/** A network of the app; the engine's name is its key with the app's name before it, unless external. */
export const network = (key: string, spec: Partial<NetworkSpec> = {}, external = false): Part => ({
  part: 'network',
  network: { key, external, spec: { Name: '', ...spec } },
});

export const volume = (key: string, spec: Partial<VolumeSpec> = {}, external = false): Part => ({
  part: 'volume',
  volume: { key, external, spec: { Name: '', ...spec } },
});

export const file = (path: string, text: string, mode = 0o644): Part => {
  const content = Buffer.from(text);
  return { part: 'file', file: { path, content, mode, digest: createHash('sha256').update(content).digest('hex') } };
};

export const ON: SyncPolicy = { automated: { prune: true, selfHeal: true, allowEmpty: false } };
export const automated = (changes: Partial<NonNullable<SyncPolicy['automated']>>): SyncPolicy => ({
  automated: { prune: true, selfHeal: true, allowEmpty: false, ...changes },
});

/** An app that follows Git in everything. */
export function app(name: string, ...parts: Part[]): DesiredApp {
  const networks = parts.flatMap((each) => (each.part === 'network' ? [named(name, each.network)] : []));
  const services = parts.flatMap((each) =>
    each.part === 'service' && !each.options.hook ? [compiled(name, each)] : [],
  );
  const syncHooks = parts.flatMap((each): SyncHook[] => {
    if (each.part !== 'service' || !each.options.hook) return [];
    const { hook: phase, timeoutMs = 600_000 } = each.options;
    return [{ phase, timeoutMs, service: compiled(name, each) }];
  });
  const all = servicesAndHooks({ services, syncHooks });
  const needsDefault = all.some(({ containers }) => containers[0]?.spec.Networks?.[`${name}_default`]);
  if (needsDefault && !networks.some(({ key }) => key === 'default'))
    networks.unshift({ key: 'default', external: false, spec: { Name: `${name}_default` } });
  return {
    name,
    revision: 'r1',
    sync: ON,
    pruneVolumes: false,
    suspend: false,
    services,
    ...(syncHooks.length > 0 && { syncHooks }),
    networks,
    volumes: parts.flatMap((each) => (each.part === 'volume' ? [named(name, each.volume)] : [])),
    files: parts.flatMap((each) => (each.part === 'file' ? [each.file] : [])),
    directory: `/apps/${name}`,
    warnings: [],
  };
}

/** The app, which depends on others. */
export const dependent = (wanted: DesiredApp, ...others: string[]): DesiredApp => ({
  ...wanted,
  dependsOn: others.map((other, index) => ({
    app: other,
    at: { file: `apps/${wanted.name}/app.yaml`, line: 4 + index, column: 7 },
  })),
});

function named<T extends DesiredNetwork | DesiredVolume>(app: string, resource: T): T {
  const Name = resource.spec.Name || (resource.external ? resource.key : `${app}_${resource.key}`);
  return { ...resource, spec: { ...resource.spec, Name } };
}

function compiled(app: string, { name, spec, options }: Part & { part: 'service' }): DesiredService {
  const containers: DesiredContainer[] = [];
  for (let number = 1; number <= (options.replicas ?? 1); number++) {
    const container = options.containerName ?? `${app}-${name}-${number}`;
    const Networks = spec.NetworkMode ? undefined : { [`${app}_default`]: { Aliases: [container, name].sort() } };
    containers.push({
      number,
      name: container,
      spec: { Image: `${name}:1`, ...(Networks && { Networks }), ...spec },
      filesDigest: options.filesDigest ?? '',
      ...(options.hidden && { hidden: options.hidden }),
      ...((options.postStart || options.preStop) && {
        hooks: {
          postStart: (options.postStart ?? []).map((word) => ({ command: [word] })),
          preStop: (options.preStop ?? []).map((word) => ({ command: [word] })),
        },
      }),
    });
  }
  return {
    name,
    dependsOn: dependencies(options.dependsOn),
    ...(options.update && { update: options.update }),
    pullPolicy: options.pullPolicy ?? 'missing',
    ...(options.leavesFailed && { leavesFailed: true as const }),
    containers,
  };
}

function dependencies(given: ServiceOptions['dependsOn'] = {}): Dependency[] {
  const entries = Array.isArray(given) ? given.map((name) => [name, {}] as const) : Object.entries(given);
  return entries.map(([name, how]) => {
    const usual: Dependency = { service: name, condition: 'started', required: true, restart: false };
    return { ...usual, ...(typeof how === 'string' ? { condition: how as Dependency['condition'] } : how) };
  });
}

/** The desired state of the site. */
export function site(...apps: DesiredApp[]): DesiredSite {
  return {
    site: SITE,
    revision: 'r1',
    apps,
    broken: [],
    vanished: ON,
    allowEmpty: false,
    pruneThreshold: 100,
    confirmPrune: [],
  };
}

export const CAN: EngineCapabilities = {
  update: true,
  networksAtCreate: false,
  removesJoined: true,
  startInterval: true,
  unreported: [],
  quirks: [],
};

/** A site on which nothing was ever done; the images are on its disk. */
export function bare(desired: DesiredSite, can: Partial<EngineCapabilities> = {}): ActualSite {
  const specs = desired.apps.flatMap((each) =>
    servicesAndHooks(each).flatMap((s) => s.containers.map(({ spec }) => spec)),
  );
  return {
    engine: { product: 'Docker', version: '1', apiVersion: '1.41', can: { ...CAN, ...can } },
    containers: [],
    foreignNames: {},
    networks: {},
    volumes: {},
    images: Object.fromEntries(
      specs.flatMap(({ Image }) => [Image, imageId(Image)].map((key) => [key, { id: imageId(Image), config: {} }])),
    ),
    files: {},
    problems: [],
  };
}

export const imageId = (reference: string): string =>
  `sha256:${createHash('sha256').update(reference).digest('hex').slice(0, 12)}`;

/** The site that is just as Git says. */
export function actualOf(desired: DesiredSite, can: Partial<EngineCapabilities> = {}): ActualSite {
  const actual = bare(desired, can);
  for (const each of desired.apps) {
    for (const { key, spec } of each.networks)
      actual.networks[spec.Name] = {
        id: `id-of-${spec.Name}`,
        spec,
        owner: { site: desired.site, app: each.name, key },
      };
    for (const { key, spec } of each.volumes)
      actual.volumes[spec.Name] = { spec, owner: { site: desired.site, app: each.name, key } };
    for (const { path, digest, mode } of each.files) actual.files[path] = { digest, mode };
    for (const s of each.services)
      for (const wanted of s.containers) actual.containers.push(running(each, s.name, wanted, {}, desired.site));
  }
  return actual;
}

/** A container that runs just as wanted, except for `changes`. */
export function running(
  owner: DesiredApp,
  name: string,
  wanted: DesiredContainer,
  changes: Partial<ActualContainer> = {},
  where = SITE,
): ActualContainer {
  const { Files, Platform, ...spec } = structuredClone(wanted.spec);
  return {
    id: `id-of-${wanted.name}`,
    name: wanted.name,
    identity: { site: where, app: owner.name, service: name, number: wanted.number },
    spec,
    imageId: imageId(spec.Image),
    status: 'running',
    exitCode: 0,
    oomKilled: false,
    startedAt: '2026-01-01T00:00:00Z',
    health: spec.Healthcheck ? 'healthy' : 'none',
    restartCount: 0,
    error: '',
    specHash: containerHash(wanted),
    filesDigest: wanted.filesDigest,
    contentDigest: contentDigest(Files),
    hooksDigest: hooksDigest(wanted.hooks),
    dependsOn: owner.services.find((each) => each.name === name)?.dependsOn.map(({ service }) => service) ?? [],
    anonymousVolumes: {},
    networkIds: Object.fromEntries(Object.keys(spec.Networks ?? {}).map((each) => [each, `id-of-${each}`])),
    ...changes,
  };
}

/** The same site with changes to one container, by name; `undefined` takes it away. */
export function but(actual: ActualSite, name: string, changes: Partial<ActualContainer> | undefined): ActualSite {
  if (!actual.containers.some((each) => each.name === name)) throw new Error(`no container ${name} to change`);
  const containers = actual.containers.flatMap((each) => {
    if (each.name !== name) return [each];
    return changes ? [{ ...each, ...changes }] : [];
  });
  return { ...actual, containers };
}

/** The same site with changes to the observed spec of one container. */
export function butSpec(actual: ActualSite, name: string, changes: Partial<ContainerSpec>): ActualSite {
  const found = actual.containers.find((each) => each.name === name);
  return but(actual, name, { spec: { ...(found as ActualContainer).spec, ...changes } });
}

/** The memory of an agent that has converged to this site. */
export function settled(desired: DesiredSite, changes: Partial<Memory> = {}): Memory {
  const applied = Object.fromEntries(desired.apps.map((each) => [each.name, appDigest(each)]));
  return { ...emptyMemory(), applied, ...changes };
}
