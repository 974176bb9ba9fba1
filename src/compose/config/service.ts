import { dependenciesOf, networksOf } from '../compile/compile-service.ts';
import type { DependencyAt } from '../keys/process/depends-on.ts';
import type { ServiceKeys } from '../keys/service-keys.ts';
import { printBuild } from './build.ts';
import { deploy, deviceRequest, endpoint, fileUse, healthcheck, limits, mount, port, trigger } from './details.ts';
import {
  always,
  cpus,
  duration,
  type Json,
  mapping,
  type PrintContext,
  type Printers,
  printKeys,
  size,
  unlessEmpty,
} from './printer.ts';

const CONDITIONS = {
  started: 'service_started',
  healthy: 'service_healthy',
  completed: 'service_completed_successfully',
} as const satisfies Record<DependencyAt['condition'], string>;

/** A key that other keys print: `environment`, `labels`, or a key that several keys imply. */
const elsewhere = (): undefined => undefined;

const asWritten = (references: { written: string }[]): Json | undefined =>
  unlessEmpty(references.map(({ written }) => written));

/** Prints a rate. Compose prints it as a size, even a rate of operations, and uses the key names of its own code. */
const rates = (devices: { path?: string; rate?: number }[]): Json | undefined =>
  unlessEmpty(devices.map(({ path = '', rate = 0 }) => ({ Path: path, Rate: String(rate) })));

const hooks = (all: NonNullable<ServiceKeys['post_start']>): Json | undefined =>
  unlessEmpty(
    all.map(({ environment, ...hook }) => ({
      ...hook,
      ...(environment && { environment: Object.fromEntries(environment.map(({ name, value }) => [name, value])) }),
    })),
  );

/** The printers for the keys of a service. */
const SERVICE: Printers<ServiceKeys, PrintContext> = {
  'x-holdfast': ({ hookTimeout, ...keys }) => ({ ...keys, ...(hookTimeout && { hookTimeout: hookTimeout.written }) }),
  annotations: unlessEmpty,
  attach: always,
  blkio_config: mapping({
    weight: unlessEmpty,
    weight_device: (devices) =>
      unlessEmpty(devices.map(({ path = '', weight = 0 }) => ({ Path: path, Weight: weight }))),
    device_read_bps: rates,
    device_read_iops: rates,
    device_write_bps: rates,
    device_write_iops: rates,
  }),
  build: printBuild,
  cap_add: unlessEmpty,
  cap_drop: unlessEmpty,
  cgroup: unlessEmpty,
  cgroup_parent: unlessEmpty,
  command: elsewhere,
  configs: (uses) => unlessEmpty(uses.map((use) => fileUse(use, ''))),
  container_name: unlessEmpty,
  cpu_count: unlessEmpty,
  cpu_percent: cpus,
  cpu_period: unlessEmpty,
  cpu_quota: unlessEmpty,
  cpu_rt_period: unlessEmpty,
  cpu_rt_runtime: unlessEmpty,
  cpu_shares: unlessEmpty,
  cpus,
  cpuset: unlessEmpty,
  credential_spec: mapping({ config: unlessEmpty, file: unlessEmpty, registry: unlessEmpty }),
  depends_on: elsewhere,
  deploy,
  develop: ({ watch = [] }, { path }) => ({ watch: watch.map((each) => trigger(each, path)) }),
  device_cgroup_rules: unlessEmpty,
  devices: (all) =>
    unlessEmpty(
      all.map(({ PathOnHost, PathInContainer, written }) => ({
        source: PathOnHost,
        target: PathInContainer,
        ...(written && { permissions: written }),
      })),
    ),
  dns: unlessEmpty,
  dns_opt: unlessEmpty,
  dns_search: unlessEmpty,
  domainname: unlessEmpty,
  entrypoint: elsewhere,
  env_file: elsewhere,
  environment: elsewhere,
  extends: elsewhere,
  expose: (entries) => unlessEmpty(entries.map(({ written }) => written)),
  external_links: asWritten,
  extra_hosts: (hosts) => unlessEmpty(hosts.map((each) => each.replace(':', '='))),
  gpus: (requests) => unlessEmpty(requests.map((each) => deviceRequest(each, undefined) ?? {})),
  group_add: unlessEmpty,
  healthcheck,
  hostname: unlessEmpty,
  image: unlessEmpty,
  init: always,
  ipc: unlessEmpty,
  isolation: unlessEmpty,
  label_file: elsewhere,
  labels: elsewhere,
  links: asWritten,
  logging: mapping({ driver: unlessEmpty, options: unlessEmpty }),
  mac_address: unlessEmpty,
  mem_limit: size,
  mem_reservation: size,
  mem_swappiness: size,
  memswap_limit: size,
  network_mode: unlessEmpty,
  networks: elsewhere,
  oom_kill_disable: unlessEmpty,
  oom_score_adj: unlessEmpty,
  pid: unlessEmpty,
  pids_limit: unlessEmpty,
  platform: unlessEmpty,
  ports: (all) => unlessEmpty(all.map(port)),
  post_start: hooks,
  pre_stop: hooks,
  privileged: unlessEmpty,
  profiles: unlessEmpty,
  pull_policy: unlessEmpty,
  read_only: unlessEmpty,
  restart: ({ written }) => unlessEmpty(written),
  runtime: unlessEmpty,
  scale: always,
  secrets: (uses) => unlessEmpty(uses.map((use) => fileUse(use, '/run/secrets/'))),
  security_opt: unlessEmpty,
  shm_size: size,
  stdin_open: unlessEmpty,
  stop_grace_period: duration,
  stop_signal: unlessEmpty,
  storage_opt: unlessEmpty,
  sysctls: unlessEmpty,
  tmpfs: (paths) =>
    unlessEmpty(Object.entries(paths).map(([path, options]) => (options ? `${path}:${options}` : path))),
  tty: unlessEmpty,
  ulimits: limits,
  user: unlessEmpty,
  userns_mode: unlessEmpty,
  uts: unlessEmpty,
  volumes: (all, { path }) => unlessEmpty(all.map(({ written }) => mount(written, path))),
  volumes_from: asWritten,
  working_dir: unlessEmpty,
};

/** Prints one service. */
export function printService(context: PrintContext): Json {
  const { service, environment, labels } = context;
  const { command = null, entrypoint = null } = service.keys;
  const dependencies = dependenciesOf(service).map(
    ({ service: name, condition, required, restart }): [string, Json] => [
      name,
      { condition: CONDITIONS[condition], ...(restart && { restart }), required },
    ],
  );
  const networks = networksOf(service).map(({ key, written }): [string, Json] => [
    key,
    written && (endpoint(written, undefined) ?? null),
  ]);
  const printed = {
    ...printKeys(service.keys, SERVICE, context),
    command,
    entrypoint,
    ...listed('environment', environment),
    ...listed('labels', labels),
    ...listed('depends_on', Object.fromEntries(dependencies)),
    ...listed('networks', Object.fromEntries(networks)),
  };
  return Object.fromEntries(Object.entries(printed).sort(([a], [b]) => (a < b ? -1 : 1)));
}

const listed = (key: string, value: { [key: string]: Json }): { [key: string]: Json } =>
  Object.keys(value).length > 0 ? { [key]: value } : {};
