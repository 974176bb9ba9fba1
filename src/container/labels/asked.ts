import type { ContainerSpec, NetworkSpec } from '../../model/spec.ts';
import { fieldsWhere } from '../fields/table.ts';

/**
 * Engines fill in fields from their own configuration: log options, ulimits, a runtime, the size of /dev/shm; some add variables too. Read back,
 * they look as if they had been asked for. So a label names the fields of this kind that were asked for, and reading leaves out
 * the others. It has names only, never values that could be secret:
 * `Image=vpn:2 LogConfig LogConfig.max-size Ulimits.nofile NetworkMode=container:vpn Address.front=10.0.0.2`.
 */
export const ASKED_LABEL = 'dev.holdfast.asked';

/** Nobody can change these on a container that exists, so leaving them out hides no change by hand. */
const FILLED_BY_EVERY_ENGINE = fieldsWhere(({ filledBy }) => filledBy === 'everyEngine');
const FILLED = fieldsWhere(({ filledBy }) => filledBy !== undefined);

/** Variables that some engines add to every container. */
export const ADDED_VARIABLES = ['TERM', 'container', 'HOME', 'HOSTNAME'];

const NAMESPACES = ['NetworkMode', 'PidMode', 'IpcMode'] as const;

/** The value of the label. */
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

/** The fields that a container was asked for. A container without the label, such as an adopted one, does not tell. */
export interface Asked {
  has(token: string): boolean;
  /** The text after `token=`. */
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

/** An observed spec without the fields that only the engine's own configuration set. */
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
 * The spec of an adopted container, which has no label: of the fields that an engine may fill in, only those that Git asks for are
 * compared. So an engine's own log options or ulimits are no reason to replace a container that `docker compose` started.
 */
export function asIfAsked(observed: ContainerSpec, desired: ContainerSpec): ContainerSpec {
  const asked = readTokens(askedOf(desired));
  const spec = withoutFilled(observed, asked);
  if (sharesHostname(spec.NetworkMode) && !asked.has('Hostname')) delete spec.Hostname;
  return spec;
}

/** True if a container takes its hostname from the host or from another container unless it asks for its own. */
export const sharesHostname = (mode: string | undefined): boolean =>
  mode === 'host' || /^(container|service):/.test(mode ?? '');
