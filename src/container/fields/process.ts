import type { ContainerSpec, HealthcheckSpec } from '../../model/spec.ts';
import { type Json, sameJson } from '../json.ts';
import { usersLabels } from '../labels/managed.ts';
import { type Comparison, config, hasQuirk, hostConfig, type Rows } from './row/field.ts';
import { choice, flag, type Kind, list, map, path, text } from './row/kinds.ts';
import { noEntry } from './row/shown-change.ts';
import { signalNumber } from './row/signals.ts';

/** The PATH of an engine that sets one where the image has none. */
const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

const environment: Kind<Record<string, string | null>> = {
  read: (raw) => {
    if (!Array.isArray(raw) || raw.length === 0) return undefined;
    return Object.fromEntries(
      raw.map((item: string) => {
        const at = item.indexOf('=');
        return at < 0 ? [item, null] : [item.slice(0, at), item.slice(at + 1)];
      }),
    );
  },
  // In the container, a variable that was removed looks like one that never was there.
  canonical: (value) => some(Object.fromEntries(Object.entries(value).filter(([, item]) => item !== null))),
  show: () => '',
  hidden: true,
};

const some = (value: Record<string, Json>): Json | undefined => (Object.keys(value).length > 0 ? value : undefined);

const hiddenList: Kind<string[]> = { ...list, hidden: true };

/** The numbers that a health check has when none are given; some engines write them out. */
const HEALTH_DEFAULTS = { Interval: 30e9, Timeout: 30e9, StartPeriod: 0, StartInterval: 5e9, Retries: 3 };
const HEALTH_NAMES = {
  Test: 'test',
  Interval: 'interval',
  Timeout: 'timeout',
  StartPeriod: 'start_period',
  StartInterval: 'start_interval',
  Retries: 'retries',
};

const health: Kind<HealthcheckSpec> = {
  read: (raw) => {
    const found = (raw ?? {}) as HealthcheckSpec;
    return found.Test?.length ? { ...found } : undefined;
  },
  canonical: (value) => {
    if (value.Test?.[0] === 'NONE') return { test: 'none' };
    const numbers = Object.entries(HEALTH_DEFAULTS).map(([key, usual]) => {
      const given = value[key as keyof typeof HEALTH_DEFAULTS];
      return [HEALTH_NAMES[key as keyof typeof HEALTH_NAMES], !given || given === usual ? undefined : given];
    });
    return { test: value.Test, ...Object.fromEntries(numbers) };
  },
  show: () => '',
};

/** The engine adds the missing parts of a health check from the image's. */
function wantedHealth(comparison: Comparison): Json | undefined {
  const { desired, image, can } = comparison;
  const [own, theirs] = [desired.Healthcheck, image?.Healthcheck];
  if (!own && !theirs) return undefined;
  const merged: HealthcheckSpec = { ...theirs };
  for (const [key, value] of Object.entries(own ?? {})) {
    if (Array.isArray(value) ? value.length > 0 : value) Object.assign(merged, { [key]: value });
  }
  if (!can.startInterval) delete merged.StartInterval;
  return comparedHealth(merged, comparison);
}

function comparedHealth(value: HealthcheckSpec, comparison: Comparison): Json | undefined {
  if (!value.Test || !hasQuirk(comparison, 'splitsHealthTests')) return health.canonical(value);
  return health.canonical({ ...value, Test: value.Test.join(' ').split(/\s+/) });
}

type RestartPolicy = NonNullable<ContainerSpec['RestartPolicy']>;

const restart = (policy: Partial<RestartPolicy> = {}): Json => {
  const { Name = 'no', MaximumRetryCount } = policy;
  return Name === 'on-failure' && MaximumRetryCount ? `${Name}:${MaximumRetryCount}` : Name || 'no';
};

const restartPolicy: Kind<RestartPolicy> = {
  read: (raw) => {
    const { Name, MaximumRetryCount } = (raw ?? {}) as Partial<RestartPolicy>;
    return Name && Name !== 'no' ? { Name, ...(MaximumRetryCount ? { MaximumRetryCount } : {}) } : undefined;
  },
  canonical: restart,
  show: String,
};

/** The process in the container, and the way to stop it. */
export const processRows = {
  // If no hostname was asked for, Docker uses the start of the container's ID.
  Hostname: config(text, {
    label: 'hostname',
    read: ({ Id, Config }) => (Config.Hostname && Config.Hostname !== Id.slice(0, 12) ? Config.Hostname : undefined),
  }),
  Domainname: config(text, { label: 'domainname' }),
  User: config(text, { label: 'user', image: (image) => image.User }),
  WorkingDir: config(
    { ...path, canonical: (value) => (path.canonical(value) === '/' ? undefined : path.canonical(value)) },
    {
      label: 'working_dir',
      image: (image) => image.WorkingDir,
    },
  ),
  Tty: config(flag, { label: 'tty' }),
  OpenStdin: config(flag, { label: 'stdin_open' }),
  Entrypoint: config(hiddenList, {
    label: 'entrypoint',
    evenIfEmpty: true,
    image: (image) => image.Entrypoint,
    read: ({ Config: { Entrypoint } }) => (typeof Entrypoint === 'string' ? [Entrypoint] : list.read(Entrypoint)),
  }),
  // The image's command is used unless a command or an entrypoint was asked for. To the engine an empty list means none.
  Cmd: config(hiddenList, {
    label: 'command',
    image: (image) => image.Cmd,
    wanted: ({ desired: { Cmd, Entrypoint }, image }) =>
      list.canonical((Cmd?.length || Entrypoint?.length ? Cmd : image?.Cmd) ?? []),
  }),
  Env: config(environment, {
    label: 'environment',
    holdsSecrets: true,
    ownable: 'keys',
    fromImage: 'keys',
    write: ({ Env }, body) => {
      if (Env) body.Env = Object.entries(Env).map(([name, value]) => (value === null ? name : `${name}=${value}`));
    },
    wanted: ({ desired, image }) => environment.canonical({ ...image?.Env, ...desired.Env }),
    found: (comparison) => {
      const { desired, observed, image } = comparison;
      const found = { ...observed.Env };
      const wanted = { ...image?.Env, ...desired.Env };
      if (hasQuirk(comparison, 'setsPath') && !('PATH' in wanted) && found.PATH === DEFAULT_PATH) delete found.PATH;
      return environment.canonical(found);
    },
    entries: noEntry,
  }),
  // Values may be secret: the password of a proxy's dashboard, for example.
  Labels: config(
    { ...map, hidden: true },
    {
      label: 'labels',
      ownable: 'keys',
      fromImage: 'keys',
      // createBody() adds the labels of ownership.
      wanted: ({ desired, image }) => some(usersLabels({ ...image?.Labels, ...desired.Labels })),
      found: ({ observed }) => some(usersLabels(observed.Labels)),
      entries: noEntry,
    },
  ),
  StopSignal: config(
    { ...text, canonical: (value) => (signalNumber(value) === '15' ? undefined : signalNumber(value)), none: '15' },
    {
      label: 'stop_signal',
      image: (image) => image.StopSignal,
    },
  ),
  StopTimeout: config(
    {
      read: (raw) => (typeof raw === 'number' ? raw : undefined),
      canonical: (value) => (value === 10 ? undefined : value),
      show: (value) => `${value}s`,
      none: '10s',
    },
    { label: 'stop_grace_period', evenIfEmpty: true },
  ),
  Healthcheck: config(health, {
    label: 'healthcheck',
    fromImage: 'whole',
    wanted: wantedHealth,
    found: (comparison) => {
      const { observed, can } = comparison;
      if (!observed.Healthcheck) return undefined;
      const { StartInterval, ...rest } = observed.Healthcheck;
      return comparedHealth(can.startInterval && StartInterval ? { ...rest, StartInterval } : rest, comparison);
    },
    entries: (value, key) =>
      key === 'test' ? undefined : key === 'retries' ? String(value) : `${Number(value) / 1e9}s`,
  }),
  Init: hostConfig(choice, { label: 'init', evenIfEmpty: true, filledBy: 'someEngines' }),
  RestartPolicy: hostConfig(restartPolicy, {
    label: 'restart',
    inPlace: true,
    evenIfEmpty: true,
    wanted: ({ desired }) => restart(desired.RestartPolicy),
    found: ({ observed }) => restart(observed.RestartPolicy),
  }),
  // Names of options are not secret; a value, such as the token of a log server, may be.
  LogConfig: hostConfig(
    {
      read: (raw) => {
        const { Type, Config } = (raw ?? {}) as { Type?: string; Config?: Record<string, string> | null };
        return Type ? { Type, Config: { ...Config } } : undefined;
      },
      canonical: ({ Type, Config }) => some({ ...(Type ? { driver: Type } : {}), ...Config }),
      show: () => '',
    },
    {
      label: 'logging',
      evenIfEmpty: true,
      engineDefault: (found) => ['json-file', 'local', 'journald'].some((driver) => sameJson(found, { driver })),
      entries: (value, key) => (key === 'driver' ? String(value) : undefined),
    },
  ),
  Annotations: hostConfig({ ...map, hidden: true }, { label: 'annotations', ownable: 'keys', entries: noEntry }),
} satisfies Rows;
