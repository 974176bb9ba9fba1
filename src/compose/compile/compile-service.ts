import { present } from '../../container/present.ts';
import type { Position } from '../../lib/errors.ts';
import { InputError } from '../../lib/errors.ts';
import type { HookPhase } from '../../model/app/hook-phase.ts';
import type { ContainerSpec, EndpointSpec, PortBinding } from '../../model/spec.ts';
import type { DesiredContainer, DesiredService, SyncHook, UpdatePolicy } from '../../model/state.ts';
import { entryOf } from '../../yaml/node.ts';
import { updatePolicyOf } from '../keys/deploy.ts';
import type { ServiceNetwork } from '../keys/host/service-networks.ts';
import { hooksOf } from '../keys/process/hooks.ts';
import type { Declared, Project } from '../keys/project.ts';
import type { ServiceKeys } from '../keys/service-keys.ts';
import type { FileVariables } from '../load/trace.ts';
import { parseDotenv, parseRawEnv } from '../load/values/dotenv.ts';
import { type Lookup, taintAt, type Value } from '../load/values/template.ts';
import { type AppSize, memoryOf } from './app-size.ts';
import { ownSpec } from './container-spec.ts';
import { compileFiles, type FilesContext, securityOptions } from './files/compile-files.ts';
import { labelsOf } from './files/label-files.ts';
import { startFirstConflicts } from './start-first.ts';

export interface ServiceContext extends FilesContext {
  app: string;
  networkName: (key: string) => string;
  size: AppSize;
}

/** The number of containers of a service. */
export function replicasOf(keys: ServiceKeys): number {
  return keys.scale ?? keys.deploy?.replicas ?? 1;
}

/** The networks that a service joins; an empty list when it shares another network namespace. */
export function networksOf(service: Declared<ServiceKeys>): ServiceNetwork[] {
  if (service.keys.network_mode !== undefined) return [];
  const own = service.keys.networks ?? [];
  return own.length > 0 ? own : [{ key: 'default', at: service.at, endpoint: {}, written: null }];
}

/** The name of a container: `container_name`, otherwise `APP-SERVICE-NUMBER`, as in Compose. */
export function containerName(app: string, service: Declared<ServiceKeys>, number: number): string {
  return service.keys.container_name ?? `${app}-${service.name}-${number}`;
}

/** Compiles a service into its containers. Problems go to the report. `checkProject` has already checked the references. */
export async function compileService(service: Declared<ServiceKeys>, context: ServiceContext): Promise<DesiredService> {
  const { keys } = service;
  const { Env, ...variables } = await coveredEnvironment(service, context);
  const { mounts, files, digest } = await compileFiles(service, context);
  const SecurityOpt = await securityOptions(service, context.folder, context.report);
  const Labels = await labelsOf(service, context.folder, context.report);
  const PortBindings = portBindings(service);
  const ExposedPorts = exposedPorts(keys, PortBindings);
  const shared: ContainerSpec = {
    Image: keys.image ?? builtImage(context.app, service.name),
    ...ownSpec(keys),
    ...present({ Labels, Env, Mounts: mounts, Files: files, SecurityOpt, PortBindings, ExposedPorts }),
  };
  const hooks = hooksOf(keys);
  const replicas = replicasOf(keys);
  const { at } = service;
  const sample = networks(service, containerName(context.app, service, replicas), replicas, context);
  context.size.add('settings', replicas * memoryOf({ ...shared, ...sample, hooks }), at);
  context.size.add('ports', replicas * (PortBindings.length + ExposedPorts.length), at);
  const containers: DesiredContainer[] = [];
  for (let number = 1; number <= replicas; number++) {
    const name = containerName(context.app, service, number);
    const spec = { ...shared, ...networks(service, name, number, context) };
    containers.push({ number, name, spec, filesDigest: digest, ...variables, hooks });
  }
  return {
    name: service.name,
    dependsOn: dependenciesOf(service)
      .filter(({ service: other }) => context.project.services.has(other))
      .map(({ at, ...dependency }) => dependency),
    update: updateOf(service),
    pullPolicy: pullPolicyOf(keys),
    ...(keys['x-holdfast']?.failedJob === 'leave' && { leavesFailed: true as const }),
    containers,
  };
}

/** The moment at which a service runs as a hook; undefined: it is none. */
export const phaseOf = (keys: ServiceKeys): HookPhase | undefined => keys['x-holdfast']?.hook;

/** Milliseconds that a hook may run if it does not say. */
const HOOK_TIMEOUT_MS = 10 * 60_000;

/** A compiled service as a hook; undefined: it is none. */
export function syncHookOf(service: DesiredService, { keys }: Declared<ServiceKeys>): SyncHook | undefined {
  const phase = phaseOf(keys);
  const timeoutMs = keys['x-holdfast']?.hookTimeout?.ms ?? HOOK_TIMEOUT_MS;
  return phase && { phase, timeoutMs, service };
}

/** Counts the containers and connections of all services, before any container is built. Throws InputError. */
export function countContainers(project: Project, size: AppSize): void {
  for (const { keys, node, at } of project.services.values()) {
    const asked = entryOf(node, 'scale') ?? entryOf(node, 'deploy');
    size.add('containers', Math.max(1, replicasOf(keys)), asked?.keyAt ?? at);
  }
  for (const service of project.services.values()) {
    const own = Math.max(1, replicasOf(service.keys));
    const others = [
      ...dependenciesOf(service).map((each) => each.service),
      ...(service.keys.links ?? []).map(({ name }) => name),
    ];
    for (const name of others) {
      const other = project.services.get(name);
      if (other) size.add('connections', own * Math.max(1, replicasOf(other.keys)), service.at);
    }
  }
}

function updateOf(service: Declared<ServiceKeys>): UpdatePolicy | undefined {
  const update = updatePolicyOf(service.keys.deploy);
  const conflicts = startFirstConflicts(service, replicasOf(service.keys), networksOf(service));
  return update && conflicts.length > 0 ? { ...update, order: 'stop-first' } : update;
}

/** The name that `docker compose build` gives to the image of a service without `image`. Source: Compose v2, api.GetImageNameOrDefault. */
export const builtImage = (app: string, service: string): string => `${app}-${service}`;

function pullPolicyOf({ image, pull_policy }: ServiceKeys): DesiredService['pullPolicy'] {
  if (image === undefined) return 'built';
  return pull_policy === undefined || pull_policy === 'build' ? 'missing' : pull_policy;
}

/** The dependencies of a service, sorted by name: `depends_on`, links, shared namespaces and `volumes_from`. */
export function dependenciesOf(service: Declared<ServiceKeys>): NonNullable<ServiceKeys['depends_on']> {
  const found = new Map((service.keys.depends_on ?? []).map((each) => [each.service, each]));
  const imply = (other: string, restart: boolean, at: Position): void => {
    if (!found.has(other)) found.set(other, { service: other, condition: 'started', required: true, restart, at });
  };
  for (const { name, at } of service.keys.links ?? []) imply(name, true, at);
  for (const key of ['network_mode', 'pid', 'ipc'] as const) {
    const other = /^service:(.+)$/.exec(service.keys[key] ?? '')?.[1];
    if (other !== undefined) imply(other, true, entryOf(service.node, key)?.value.at ?? service.at);
  }
  for (const { kind, name, at } of service.keys.volumes_from ?? []) if (kind === 'service') imply(name, false, at);
  return [...found.values()].sort((a, b) => (a.service < b.service ? -1 : 1));
}

/** The variables of a service: from each `env_file` in order, then from `environment`. A name without a value takes the interpolation's value, or null. */
export const environmentOf = async (
  service: Declared<ServiceKeys>,
  context: ServiceContext,
): Promise<Record<string, string | null>> => (await coveredEnvironment(service, context)).Env;

/** The same, with the names of those that nobody may see, and digests of those that were decrypted. */
async function coveredEnvironment(
  service: Declared<ServiceKeys>,
  context: ServiceContext,
): Promise<{ Env: Record<string, string | null> } & Pick<DesiredContainer, 'covered' | 'hidden'>> {
  const { report, encrypted } = context;
  const own = ownVariables(service, context);
  for (const { name, at, node } of service.keys.environment ?? []) {
    const known = own.get(name);
    if (!known && context.values.isSiteValue(name))
      report.error(at, `the variable ${name} has no value`, context.values.hint(name));
    if (known?.text.includes('\0')) report.error(node, `the value of ${name} holds a null character`);
  }
  const files = await envFilesOf(service, own, context);
  const env = new Map<string, Value | undefined>([...files.flatMap(({ variables }) => [...variables]), ...own]);
  const covered = [...env].flatMap(([name, value]) => {
    const digest = value?.secret && encrypted.digestOfValue(service.name, name, value.text);
    return digest === undefined ? [] : [[name, digest] as const];
  });
  const hidden = [...env].flatMap(([name, value]) => (value?.secret || value?.outside ? [name] : [])).sort();
  return {
    Env: Object.fromEntries([...env].map(([name, value]) => [name, value?.text ?? null])),
    ...(covered.length > 0 && { covered: Object.fromEntries(covered) }),
    ...(hidden.length > 0 && { hidden }),
  };
}

/** The variables of `environment` of a service. A name without a value takes the interpolation's, if it has one. */
export const ownVariables = (
  service: Declared<ServiceKeys>,
  { values }: Pick<ServiceContext, 'values'>,
): Map<string, Value | undefined> =>
  new Map(
    (service.keys.environment ?? []).map(({ name, value, node }) => [
      name,
      value === null ? values.lookup(name) : { text: value, ...taintAt(node, 0) },
    ]),
  );

/** The variables of each `env_file` of a service, in order. `own` has those of its `environment`. Problems go to the report. */
export async function envFilesOf(
  service: Declared<ServiceKeys>,
  own: ReadonlyMap<string, Value | undefined>,
  { folder, encrypted, report, values }: Pick<ServiceContext, 'folder' | 'encrypted' | 'report' | 'values'>,
): Promise<FileVariables[]> {
  const all: FileVariables[] = [];
  const known = new Map<string, Value>();
  const lookup: Lookup = (name) => values.lookup(name) ?? own.get(name);
  for (const { path, required, format, at } of service.keys.env_file ?? []) {
    try {
      const found = await folder.text(path, 'an env_file', at);
      if (!found && required) missingEnvFile(at, await folder.meant(path, at));
      if (!found) continue;
      const read = format === 'raw' ? parseRawEnv : parseDotenv;
      const parse = (text: string) => read(text, found.file, lookup, known, values.required);
      const sops = await encrypted.find(path, at);
      const variables = sops ? await encrypted.variables(sops, at, parse) : parse(found.text);
      for (const [name, value] of variables) known.set(name, value);
      all.push({ ...found, variables });
    } catch (error) {
      report.add(error);
    }
  }
  return all;
}

function missingEnvFile(at: Position, meant: string | undefined): never {
  throw InputError.at(at, 'Git has no such env_file', meant ?? 'set required: false if it may be missing');
}

function portBindings(service: Declared<ServiceKeys>): PortBinding[] {
  // With the network modes host and none, the engine publishes no ports.
  if (service.keys.network_mode === 'host' || service.keys.network_mode === 'none') return [];
  return (service.keys.ports ?? []).map(({ at, written, ...binding }) => binding);
}

function exposedPorts(keys: ServiceKeys, bindings: PortBinding[]): string[] {
  const published = new Set(bindings.map((binding) => binding.Container));
  const all = [
    ...(keys.expose ?? []).flatMap(({ ports }) => ports),
    ...(keys.ports ?? []).map((port) => port.Container),
  ];
  return [...new Set(all)].filter((port) => !published.has(port)).sort();
}

function networks(
  service: Declared<ServiceKeys>,
  container: string,
  number: number,
  context: ServiceContext,
): Pick<ContainerSpec, 'Networks'> {
  const joined = networksOf(service);
  if (joined.length === 0) return {};
  const main = [...joined].sort(
    (a, b) => (b.endpoint.Priority ?? 0) - (a.endpoint.Priority ?? 0) || (a.key < b.key ? -1 : 1),
  )[0];
  const links = linksOf(service, number, context);
  const endpoints = joined.map((network): [string, EndpointSpec] => {
    const own = network === main ? service.keys.mac_address : undefined;
    const mac = network.endpoint.MacAddress ?? own;
    const aliases = [container, service.name, ...(network.endpoint.Aliases ?? [])];
    const endpoint = { ...network.endpoint, MacAddress: mac, Aliases: [...new Set(aliases)].sort(), Links: links };
    return [context.networkName(network.key), present(endpoint)];
  });
  return { Networks: Object.fromEntries(endpoints.sort(([a], [b]) => (a < b ? -1 : 1))) };
}

/** The links in Docker Compose's form: by alias, and by the service with the number of the linking container. */
function linksOf(service: Declared<ServiceKeys>, number: number, { app, project }: ServiceContext): string[] {
  const own = (service.keys.links ?? []).flatMap(({ name, alias }) => {
    const other = project.services.get(name);
    const replicas = other ? replicasOf(other.keys) : 0;
    return Array.from({ length: replicas }, (_, index) => {
      const container = containerName(app, other as Declared<ServiceKeys>, index + 1);
      return [alias, `${name}-${number}`, `${app}-${name}-${number}`].map((each) => `${container}:${each}`);
    }).flat();
  });
  const external = (service.keys.external_links ?? []).map(({ name, alias }) => `${name}:${alias}`);
  return [...new Set([...own, ...external])].sort();
}
