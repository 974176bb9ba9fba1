import { entryOf, type YamlNode } from '../../yaml/node.ts';
import { isDisabled } from '../keys/process/healthcheck.ts';
import type { Declared, Project } from '../keys/project.ts';
import type { ServiceKeys } from '../keys/service-keys.ts';
import type { Report } from '../report.ts';
import { checkSyncHooks } from './check-sync-hooks.ts';
import { builtImage, dependenciesOf, networksOf, replicasOf } from './compile-service.ts';
import { checkFileDeclarations, undefinedReference } from './files/compile-files.ts';
import { imageNameFault, inLowerCase } from './image-name.ts';
import { positionOf } from './position-of.ts';
import { startFirstConflicts } from './start-first.ts';

type Service = Declared<ServiceKeys>;

/** The facts that decide the image of a service without `image`. */
export interface ImageSource {
  name: string;
  /** The app is part of a fleet, whose sites get images only from registries. */
  isOfFleet: boolean;
}

/**
 * Checks rules about several keys: references, cycles, and settings that exclude each other. `enabled` is the project without the services whose
 * profiles are off; `all` has those, too.
 */
export function checkProject(enabled: Project, all: Project, app: ImageSource, report: Report): void {
  checkFileDeclarations(all, report);
  for (const service of enabled.services.values()) {
    checkImage(service, app, report);
    checkNetworks(service, enabled, report);
    checkDependencies(service, enabled, all, report);
    checkReplicas(service, report);
    checkStartFirst(service, report);
    checkResources(service, report);
  }
  checkSyncHooks(all, report);
  checkCycles(enabled, report);
}

function checkImage(service: Service, app: ImageSource, report: Report): void {
  const { name, node } = service;
  const named = entryOf(node, 'image')?.value;
  if (named) {
    checkImageName(named, report);
    return;
  }
  const build = entryOf(node, 'build');
  if (!build) {
    if (!entryOf(node, 'extends')) report.error(service.at, `the service ${name} names no image`);
    return;
  }
  const image = builtImage(app.name, name);
  if (app.isOfFleet) {
    const hint = `build it in CI and write the line \`image: REGISTRY/${image.toLowerCase()}:TAG\` beside build`;
    report.error(build.keyAt, `the service ${name} names no image, and Holdfast builds none`, hint);
  } else if (/[A-Z]/.test(name)) {
    const hint = 'name an image, or write the name of the service in lower case';
    report.error(build.keyAt, `the service ${name} names no image, and ${image} cannot be the name of an image`, hint);
  } else {
    report.warn(
      build.keyAt,
      `the service ${name} names no image, so it runs ${image}: the one that \`docker compose build\` makes, where the engine has it; Holdfast neither builds nor pulls it`,
    );
  }
}

function checkImageName(node: YamlNode, report: Report): void {
  if (node.kind !== 'scalar' || node.text === '') return;
  const fault = imageNameFault(node.text);
  if (fault === undefined) return;
  const lower = inLowerCase(node.raw);
  const isMended = !node.raw.includes('$') && imageNameFault(lower) === undefined;
  report.error(node, `the image ${node.raw} ${fault}`, isMended ? `write ${lower}` : undefined);
}

/** Keys that only the container can have whose network is joined. */
const OF_JOINED = ['ports', 'expose', 'hostname', 'domainname', 'dns', 'dns_search', 'dns_opt', 'extra_hosts'] as const;

function checkNetworks(service: Service, project: Project, report: Report): void {
  const { keys } = service;
  for (const network of networksOf(service)) {
    if (network.key !== 'default' && !project.networks.has(network.key)) {
      undefinedReference(report, network.at, 'network', network.key, project.networks.keys());
    }
  }
  const mode = keys.network_mode;
  if (mode === undefined) return;
  const at = positionOf(service, 'network_mode');
  if (keys.networks?.length) report.error(at, `the service ${service.name} has both network_mode and networks`);
  const excluded = (key: string, hint: string): void =>
    report.error(positionOf(service, key), `${key} cannot go with network_mode ${mode}`, hint);
  for (const key of ['links', 'external_links'] as const)
    if (keys[key]?.length) excluded(key, 'they name containers on the networks of an app; give the service networks');
  if (keys.mac_address)
    report.error(positionOf(service, 'mac_address'), 'mac_address needs networks, not network_mode');
  if ((mode === 'host' || mode === 'none') && keys.ports?.length) {
    report.warn(positionOf(service, 'ports'), `with network_mode ${mode} the engine publishes no ports`, 'remove them');
  }
  if (!/^(service|container):/.test(mode)) return;
  for (const key of OF_JOINED) if (keys[key]?.length) excluded(key, 'give it to the other container');
}

function checkDependencies(service: Service, enabled: Project, all: Project, report: Report): void {
  for (const { service: other, condition, required, at } of dependenciesOf(service)) {
    const target = enabled.services.get(other);
    if (!all.services.has(other)) undefinedReference(report, at, 'service', other, all.services.keys());
    else if (!target && required) {
      const hint = 'add the profile under profiles in the Application, or set required: false';
      report.error(at, `the service ${service.name} depends on ${other}, whose profiles are off`, hint);
    }
    if (condition === 'healthy' && isDisabled(target?.keys.healthcheck)) {
      report.error(at, `${other} can never become healthy, because its healthcheck is disabled`);
    }
  }
}

function checkReplicas(service: Service, report: Report): void {
  const { keys } = service;
  const { scale } = keys;
  const replicas = keys.deploy?.replicas;
  if (scale !== undefined && replicas !== undefined && scale !== replicas) {
    report.error(positionOf(service, 'scale'), 'scale and deploy.replicas are different');
  }
  if (keys.deploy?.mode === 'global' && replicasOf(keys) !== 1) {
    report.error(
      positionOf(service, 'deploy', 'mode'),
      'mode global means one container on each host, but this is another number',
    );
  }
  if (replicasOf(keys) < 2) return;
  if (keys.container_name !== undefined) {
    report.error(positionOf(service, 'container_name'), 'several replicas cannot share one container_name');
  }
  for (const { HostPort, at } of keys.ports ?? []) {
    if (HostPort === '') continue;
    const [first = 0, last = first] = HostPort.split('-').map(Number);
    if (last - first + 1 < replicasOf(keys))
      report.error(at, `several replicas cannot share the host port ${HostPort}`);
  }
  for (const { at, endpoint } of networksOf(service)) {
    if (endpoint.IPv4Address || endpoint.IPv6Address || endpoint.MacAddress) {
      report.error(at, 'several replicas cannot share one address');
    }
  }
  if (keys.mac_address) report.error(positionOf(service, 'mac_address'), 'several replicas cannot share one address');
}

/** Warns about `order: start-first` when the old and the new container cannot run together. Docker Compose always stops first; so does this. */
function checkStartFirst(service: Service, report: Report): void {
  for (const { at, what, hint } of startFirstConflicts(service, replicasOf(service.keys), networksOf(service))) {
    const message = `order: start-first has no effect: with ${what}, the old container and the new one cannot run at the same time`;
    report.warn(at, message, hint);
  }
}

function checkResources(service: Service, report: Report): void {
  const { keys } = service;
  const { limits, reservations } = keys.deploy?.resources ?? {};
  const rivals = [
    ['cpus', keys.cpus, 'limits.cpus', limits, limits?.cpus],
    ['mem_limit', keys.mem_limit, 'limits.memory', limits, limits?.memory],
    ['pids_limit', keys.pids_limit, 'limits.pids', limits, limits?.pids],
    ['mem_reservation', keys.mem_reservation, 'reservations.memory', reservations, reservations?.memory],
  ] as const;
  for (const [key, value, other, block, otherValue] of rivals) {
    // As in Docker Compose, an absent value in such a block counts as zero.
    if (value && block && value !== (otherValue ?? 0)) {
      const hint = otherValue === undefined ? `set it under deploy.resources.${other}` : undefined;
      report.error(positionOf(service, key), `${key} and deploy.resources.${other} differ`, hint);
    }
  }
  if ((keys.cpus || limits?.cpus) && (keys.cpu_quota || keys.cpu_period)) {
    report.error(positionOf(service, 'cpus'), 'cpus excludes cpu_quota and cpu_period');
  }
}

function checkCycles(project: Project, report: Report): void {
  const done = new Set<string>();
  const visit = (service: Service, path: string[]): void => {
    for (const { service: other, at } of dependenciesOf(service)) {
      const target = project.services.get(other);
      const start = path.indexOf(other);
      if (start >= 0)
        report.error(at, `services depend on each other in a circle: ${[...path.slice(start), other].join(' -> ')}`);
      else if (target && !done.has(other)) visit(target, [...path, other]);
    }
    done.add(service.name);
  };
  for (const service of project.services.values()) if (!done.has(service.name)) visit(service, [service.name]);
}
