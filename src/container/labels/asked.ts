import type { ContainerSpec, NetworkSpec } from '../../model/spec.ts';
import { fieldsWhere } from '../fields/table.ts';

/**
 * Engines fill in from their own configuration what they are not asked for: log options, ulimits, a runtime, the size of /dev/shm; some
 * engines add variables too. Read back, that looks like something somebody wanted. So a container's label says what it was asked for, of all that an
 * engine may fill in, and reading leaves out the rest. Names only, never values that could be secret:
 * `Image=vpn:2 LogConfig LogConfig.max-size Ulimits.nofile NetworkMode=container:vpn Address.front=10.0.0.2`.
 */
export const ASKED_LABEL = 'dev.holdfast.asked';

/** None of these can be changed on a container that exists, so nothing that was done by hand is overlooked. */
const FILLED_BY_EVERY_ENGINE = fieldsWhere(({ filledBy }) => filledBy === 'everyEngine');
const FILLED = fieldsWhere(({ filledBy }) => filledBy !== undefined);

/** Variables that some engines add to every container. */
export const ADDED_VARIABLES = ['TERM', 'container', 'HOME', 'HOSTNAME'];

const NAMESPACES = ['NetworkMode', 'PidMode', 'IpcMode'] as const;

/** The label's value. */
export function askedOf(spec: ContainerSpec): string {
  return [
    `Image=${spec.Image}`,
    ...(spec.Hostname === undefined ? [] : ['Hostname']),
    ...FILLED.filter((name) => spec[name] !== undefined),
    ...(spec.LogConfig?.Type ? ['LogConfig'] : []),
    ...Object.keys(spec.LogConfig?.Config ?? {}).map((key) => `LogConfig.${key}`),
    ...(spec.Ulimits ?? []).map(({ Name }) => `Ulimits.${Name}`),
    ...ADDED_VARIABLES.filter((name) => spec.Env && name in spec.Env).map((name) => `Env.${name}`),
    ...NAMESPACES.filter((name) => spec[name]?.startsWith('container:')).map((name) => `${name}=${spec[name]}`),
    ...(spec.MemorySwap === -1 ? ['MemorySwap=-1'] : []),
    ...(spec.IpcMode && !/^(container|service):/.test(spec.IpcMode) ? [`IpcMode=${spec.IpcMode}`] : []),
    ...Object.entries(spec.Networks ?? {}).flatMap(([name, { IPv4Address }]) =>
      IPv4Address ? [`Address.${name}=${IPv4Address}`] : [],
    ),
  ].join(' ');
}

/** The driver option that sets the MTU; some engines answer with a name of their own for it. */
export const MTU_OPTION = 'com.docker.network.driver.mtu';

/** The same for a network: options that some engines take and do not report. */
export function askedOfNetwork({ Attachable, DriverOpts, IPAM }: NetworkSpec): string {
  return [
    ...(DriverOpts?.[MTU_OPTION] !== undefined ? ['Mtu'] : []),
    ...(Attachable ? ['Attachable'] : []),
    ...(IPAM?.Config ?? []).flatMap(({ Subnet, IPRange }) =>
      Subnet && IPRange ? [`IPRange.${Subnet}=${IPRange}`] : [],
    ),
  ].join(' ');
}

/** What a container was asked for; undefined where no label tells, as on one that is adopted. */
export interface Asked {
  has(token: string): boolean;
  /** What follows `token=`. */
  valueOf(token: string): string | undefined;
}

export function readAsked(labels: Record<string, string> | null | undefined): Asked | undefined {
  const label = labels?.[ASKED_LABEL];
  return label === undefined ? undefined : readTokens(label);
}

function readTokens(label: string): Asked {
  const tokens = label.split(' ');
  return {
    has: (token) => tokens.includes(token),
    valueOf: (token) => tokens.find((item) => item.startsWith(`${token}=`))?.slice(token.length + 1),
  };
}

/** An observed spec without what only the engine's own configuration put there. */
export function withoutFilled(spec: ContainerSpec, asked: Asked): ContainerSpec {
  const result: ContainerSpec = { ...spec };
  for (const name of FILLED_BY_EVERY_ENGINE) {
    if (!asked.has(name)) delete result[name];
  }
  if (spec.LogConfig) {
    const { Type, Config } = spec.LogConfig;
    const kept = Object.fromEntries(Object.entries(Config).filter(([key]) => asked.has(`LogConfig.${key}`)));
    const type = asked.has('LogConfig') && Type ? { Type } : {};
    if (type.Type || Object.keys(kept).length > 0) result.LogConfig = { ...type, Config: kept };
    else delete result.LogConfig;
  }
  const ulimits = spec.Ulimits?.filter(({ Name }) => asked.has(`Ulimits.${Name}`));
  if (ulimits?.length) result.Ulimits = ulimits;
  else delete result.Ulimits;
  return result;
}

/**
 * What an adopted container, which no label of ours tells about, is held to: of all that an engine may have filled in, only what Git asks for is
 * looked at. So an engine's own log options or ulimits make nobody replace what `docker compose` started.
 */
export function asIfAsked(observed: ContainerSpec, desired: ContainerSpec): ContainerSpec {
  const asked = readTokens(askedOf(desired));
  const spec = withoutFilled(observed, asked);
  if (sharesHostname(spec.NetworkMode) && !asked.has('Hostname')) delete spec.Hostname;
  return spec;
}

/** In the network of the host or of another container, one that was not asked for a hostname has that one's. */
export const sharesHostname = (mode: string | undefined): boolean =>
  mode === 'host' || /^(container|service):/.test(mode ?? '');
