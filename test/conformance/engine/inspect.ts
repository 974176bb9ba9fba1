import type { ContainerInspect } from '../../../src/container/engine-api.ts';
import type { EngineApi } from '../../../src/engine/api.ts';

/** The answer of an inspect, with any shape. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };
type JsonObject = { [key: string]: Json };

/** Everything that was created for a project, as the engine reports it, in a form that can be compared. */
export interface Made {
  containers: Record<string, Json>;
  networks: Record<string, Json>;
  volumes: Record<string, Json>;
}

/**
 * Values that differ between two containers that were created alike. The engine chooses IDs, times and addresses in use (IPAMConfig has those that were
 * asked for), paths of its own files hold the ID, and GraphDriver has folders with random names.
 */
const OF_THE_MOMENT = [
  'Id',
  'Created',
  'CreatedAt',
  'State',
  'GraphDriver',
  'LogPath',
  'HostnamePath',
  'HostsPath',
  'ResolvConfPath',
  'SandboxID',
  'SandboxKey',
  'EndpointID',
  'NetworkID',
  'Gateway',
  'IPAddress',
  'IPPrefixLen',
  'IPv6Gateway',
  'GlobalIPv6Address',
  'GlobalIPv6PrefixLen',
  'Mountpoint',
];

/** Lists that say the same in any order, and with what is in them twice: the engine keeps them as they were sent, which means nothing. */
const UNORDERED = new Set([
  'Env',
  'Binds',
  'Mounts',
  'Aliases',
  'DNSNames',
  'Links',
  'CapAdd',
  'CapDrop',
  'SecurityOpt',
  'Ulimits',
  'GroupAdd',
  'ExtraHosts',
  'Devices',
]);

/** Address pools that Docker chooses from where none is asked for. */
const CHOSEN_POOL = /^(172\.(1[7-9]|2\d|3[01])\.0\.0\/16|192\.168\.\d+\.0\/20|fd[0-9a-f:]+\/64)$/;

/** Ours, and those of Compose whose value is its own: the hash of its model, its version, its files and folder. */
const isOwnLabel = (name: string): boolean =>
  name.startsWith('dev.holdfast.') || /^com\.docker\.compose\.(config-hash|version|project\..*)$/.test(name);

const DEPENDS_ON = 'com.docker.compose.depends_on';

/** Compose writes dependencies in another order each time. */
const inOrder = (list: string): string => list.split(',').sort().join(',');

/** `config-hash` makes a container visible to Compose, so that it is there counts, and its value does not. */
const hasHash = (labels: JsonObject): boolean => 'com.docker.compose.config-hash' in labels;

/** An empty list, an empty mapping and null say the same, that there is none; which of them an engine keeps depends on the request alone. */
const isNothing = (value: Json): boolean =>
  value === null || (typeof value === 'object' && Object.keys(value).length === 0);

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const ANONYMOUS = /^[0-9a-f]{64}$/;

/** Without what is of the moment. `id` is the container's own. */
export function comparable(value: Json, ids: Map<string, string>, key = ''): Json {
  if (typeof value === 'string') return withoutIds(value, ids, key);
  if (Array.isArray(value)) {
    const items = value.map((item) => comparable(item, ids, key));
    const own = key === 'Aliases' || key === 'DNSNames' ? items.filter((item) => item !== '<id>') : items;
    return UNORDERED.has(key) ? sorted(own).filter((item, at, all) => !same(item, all[at - 1])) : own;
  }
  if (!isObject(value)) return value;
  if (typeof value.Subnet === 'string' && CHOSEN_POOL.test(value.Subnet)) return '<a pool of the engine>';
  const kept = Object.entries(value).filter(([name]) => !OF_THE_MOMENT.includes(name));
  if (key === 'Labels') {
    const labels = kept.filter(([name]) => !isOwnLabel(name));
    if (hasHash(value)) labels.push(['com.docker.compose.config-hash', '<hash>']);
    return Object.fromEntries(labels.map(([name, item]) => [name, name === DEPENDS_ON ? inOrder(String(item)) : item]));
  }
  return Object.fromEntries(
    kept
      .map(([name, item]): [string, Json] => [withoutIds(name, ids, 'name'), comparable(item, ids, name)])
      .filter(([, item]) => !isNothing(item))
      .sort(byKey),
  );
}

const byKey = ([a]: (string | Json)[], [b]: (string | Json)[]): number => (String(a) < String(b) ? -1 : 1);

const same = (a: Json, b: Json | undefined): boolean => JSON.stringify(a) === JSON.stringify(b);

const sorted = (items: Json[]): Json[] => items.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));

/** IDs of this project's containers become their names, and what nobody named is anonymous. */
function withoutIds(text: string, ids: Map<string, string>, key: string): string {
  if ((key === 'Name' || key === 'Source' || key === 'name') && ANONYMOUS.test(text) && !ids.has(text))
    return '<anonymous>';
  if (key === 'Source' && /\/volumes\/[0-9a-f]{64}\/_data$/.test(text)) return '<anonymous>';
  // Where an image is mounted from.
  let result = text.replace(/\/overlay2\/[0-9a-f]{64}\//, '/overlay2/<layer>/');
  for (const [id, name] of ids) {
    result = result.replaceAll(id, `<${name}>`);
    if (result === id.slice(0, 12)) result = '<id>';
  }
  return result;
}

/** On the host's network, and on none, the engine publishes nothing. Compose sends the ports all the same, Holdfast does not. */
function withoutIdlePorts({ HostConfig }: ContainerInspect): void {
  if (HostConfig.NetworkMode === 'host' || HostConfig.NetworkMode === 'none') HostConfig.PortBindings = null;
}

/** Everything on the engine that carries the project's label, or whose name begins with the project's. */
export async function inspectProject(api: EngineApi, project: string): Promise<Made> {
  const mine = (await api.listContainers()).filter(({ Labels }) => Labels?.['com.docker.compose.project'] === project);
  const inspects = await Promise.all(mine.map(({ Id }) => api.inspectContainer(Id)));
  const ids = new Map(inspects.map(({ Id, Name }) => [Id, Name.slice(1)]));
  const isMine = (labels: Record<string, string> | null | undefined) =>
    labels?.['com.docker.compose.project'] === project;
  for (const inspect of inspects) withoutIdlePorts(inspect);
  const byName = (items: { Name: string }[]): Record<string, Json> =>
    Object.fromEntries(items.map((item) => [item.Name, comparable(item as unknown as Json, ids)]));
  const networks = (await api.listNetworks()).filter(({ Labels }) => isMine(Labels));
  const volumes = (await api.listVolumes()).filter(({ Labels }) => isMine(Labels));
  return { containers: byName(inspects), networks: byName(networks), volumes: byName(volumes) };
}

/** Where two differ: a line each, `containers./x-web-1.HostConfig.Init: null there, true here`. */
export function differencesBetween(theirs: Json | undefined, ours: Json | undefined, at = ''): string[] {
  if (JSON.stringify(theirs) === JSON.stringify(ours)) return [];
  if (isObject(theirs) && isObject(ours)) {
    const keys = [...new Set([...Object.keys(theirs), ...Object.keys(ours)])].sort();
    return keys.flatMap((key) => differencesBetween(theirs[key], ours[key], at ? `${at}.${key}` : key));
  }
  return [`${at}: ${shown(theirs)} of Compose, ${shown(ours)} of Holdfast`];
}

const shown = (value: Json | undefined): string => (value === undefined ? 'nothing' : JSON.stringify(value));
