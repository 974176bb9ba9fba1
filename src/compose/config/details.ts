import { present } from '../../container/present.ts';
import { mapValues } from '../../lib/maps/map-values.ts';
import type { Deploy } from '../keys/deploy.ts';
import type { Develop } from '../keys/develop.ts';
import type { WrittenRequest } from '../keys/host/devices.ts';
import type { Limits } from '../keys/host/host-settings.ts';
import type { FileUse } from '../keys/host/mounted-files.ts';
import type { Port } from '../keys/host/ports.ts';
import type { WrittenEndpoint } from '../keys/host/service-networks.ts';
import type { WrittenMount } from '../keys/host/volumes.ts';
import type { Healthcheck } from '../keys/process/healthcheck.ts';
import type { DeployRestart } from '../keys/process/restart.ts';
import {
  always,
  cpus,
  duration,
  type Json,
  mapping,
  type PrintContext,
  type Printer,
  type Printers,
  printKeys,
  size,
  unlessEmpty,
} from './printer.ts';

/** Printers for the values below some keys of a service. */

export const healthcheck = mapping<Healthcheck>({
  test: unlessEmpty,
  interval: duration,
  timeout: duration,
  start_period: duration,
  start_interval: duration,
  retries: always,
  disable: unlessEmpty,
});

export const endpoint = mapping<WrittenEndpoint>({
  aliases: unlessEmpty,
  ipv4_address: unlessEmpty,
  ipv6_address: unlessEmpty,
  link_local_ips: unlessEmpty,
  mac_address: unlessEmpty,
  driver_opts: unlessEmpty,
  priority: unlessEmpty,
  gw_priority: unlessEmpty,
  interface_name: unlessEmpty,
});

/** Each port of a range is an entry of its own. */
export function port({ Container, HostIp, written }: Port): Json {
  const [target, own = 'tcp'] = Container.split('/');
  const { protocol = own, ...rest } = written;
  return {
    ...rest,
    ...(HostIp !== '' && { host_ip: HostIp }),
    target: Number(target),
    ...(protocol !== '' && { protocol }),
  };
}

const MOUNT: Printers<WrittenMount> = {
  type: always,
  source: unlessEmpty,
  target: always,
  read_only: unlessEmpty,
  consistency: unlessEmpty,
  bind: mapping({
    propagation: unlessEmpty,
    create_host_path: unlessEmpty,
    selinux: unlessEmpty,
    recursive: unlessEmpty,
  }),
  volume: mapping({ nocopy: unlessEmpty, subpath: unlessEmpty, labels: unlessEmpty }),
  tmpfs: mapping({ size, mode: unlessEmpty }),
  image: mapping({ subpath: unlessEmpty }),
};

export function mount(value: WrittenMount, path: (written: string) => string): Json {
  const { type, source } = value;
  return {
    ...printKeys(value, MOUNT, undefined),
    ...(type === 'bind' && source !== undefined && { source: path(source) }),
  };
}

/** Compose prints the default target of a secret, but not the default target `/NAME` of a config. */
export function fileUse(use: FileUse, folder: '' | '/run/secrets/'): Json {
  const target = use.writtenTarget ?? (folder && folder + use.source);
  return {
    source: use.source,
    ...(target && { target }),
    ...(use.uid !== undefined && { uid: String(use.uid) }),
    ...(use.gid !== undefined && { gid: String(use.gid) }),
    ...(use.mode !== undefined && { mode: use.mode.toString(8).padStart(4, '0') }),
  };
}

export const deviceRequest = mapping<WrittenRequest>({
  capabilities: unlessEmpty,
  driver: unlessEmpty,
  count: unlessEmpty,
  device_ids: unlessEmpty,
  options: unlessEmpty,
});

const RESOURCES = mapping<NonNullable<Deploy['resources']>>({
  limits: mapping({ cpus, memory: size, pids: unlessEmpty }),
  reservations: mapping({
    memory: size,
    devices: (requests) => requests.map((each) => deviceRequest(each, undefined) ?? {}),
    cpus,
    generic_resources: (all) =>
      unlessEmpty(
        all.map(({ discrete_resource_spec: { kind = '', value = 0 } = {} }) => ({
          discrete_resource_spec: { kind, value },
        })),
      ),
  }),
});

const UPDATE: Printers<NonNullable<Deploy['update_config']>> = {
  parallelism: always,
  delay: (value) => unlessEmpty(value && duration(value)),
  failure_action: unlessEmpty,
  monitor: (value) => unlessEmpty(value && duration(value)),
  max_failure_ratio: unlessEmpty,
  order: unlessEmpty,
};

const DEPLOY: Printers<Deploy> = {
  mode: unlessEmpty,
  replicas: always,
  resources: RESOURCES,
  labels: unlessEmpty,
  endpoint_mode: unlessEmpty,
  placement: mapping({
    constraints: unlessEmpty,
    preferences: (all) => unlessEmpty(all.map(({ spread = '' }) => ({ spread }))),
    max_replicas_per_node: unlessEmpty,
  }),
  update_config: mapping(UPDATE),
  rollback_config: mapping(UPDATE),
  restart_policy: mapping<DeployRestart>({
    condition: unlessEmpty,
    max_attempts: always,
    delay: duration,
    window: duration,
  }),
};

/** `scale` counts when `deploy` has no replicas. */
export const deploy: Printer<Deploy, PrintContext> = (value, { service }) => {
  const { scale } = service.keys;
  return {
    resources: {},
    placement: {},
    ...(scale !== undefined && { replicas: scale }),
    ...printKeys(value, DEPLOY, undefined),
  };
};

/** Prints `ulimits`. Compose omits zeros, so a single zero is an empty mapping. */
export const limits = (all: Limits): Json | undefined => unlessEmpty(mapValues(all, limit));

function limit(value: Limits[string]): Json {
  if (typeof value === 'number') return value === 0 ? {} : value;
  return { ...(value.soft !== 0 && { soft: value.soft }), ...(value.hard !== 0 && { hard: value.hard }) };
}

type Trigger = NonNullable<Develop['watch']>[number];

const TRIGGER: Printers<Trigger> = {
  path: () => undefined,
  action: unlessEmpty,
  target: unlessEmpty,
  ignore: unlessEmpty,
  include: unlessEmpty,
  initial_sync: unlessEmpty,
  exec: () => undefined,
};

/** Prints an entry of `develop.watch`. Compose prints an absent command, too. */
export function trigger(value: Trigger, path: (written: string) => string): Json {
  const { environment = [], command = null, user, privileged, working_dir } = value.exec ?? {};
  return {
    ...printKeys(value, TRIGGER, undefined),
    path: path(value.path ?? '.'),
    exec: {
      command,
      ...present<{ [key: string]: Json }>({
        user,
        privileged,
        working_dir,
        environment: Object.fromEntries(environment.map((pair) => [pair.name, pair.value])),
      }),
    },
  };
}
