import type { Position } from '../../lib/errors.ts';
import { describe, entryOf, type MappingNode, type YamlNode } from '../../yaml/node.ts';
import type { Report } from '../report.ts';
import type { Decoder } from './decode.ts';
import { known, record } from './record.ts';
import {
  FILE_KEYS,
  type FileKeys,
  NETWORK_KEYS,
  type NetworkKeys,
  TOP_KEYS,
  VOLUME_KEYS,
  type VolumeKeys,
} from './resources.ts';
import { SERVICE_KEYS, type ServiceKeys } from './service-keys.ts';

/** A named part of a Compose file, with the position of its name and its node. */
export interface Declared<T> {
  name: string;
  at: Position;
  node: YamlNode;
  keys: T;
}

/** A Compose project as written. Every key is known and decoded; references are not resolved yet. */
export interface Project {
  services: Map<string, Declared<ServiceKeys>>;
  networks: Map<string, Declared<NetworkKeys>>;
  volumes: Map<string, Declared<VolumeKeys>>;
  configs: Map<string, Declared<FileKeys>>;
  secrets: Map<string, Declared<FileKeys>>;
}

/** Decodes the merged and interpolated tree of an app. */
export function decodeProject(root: MappingNode, report: Report): Project {
  known(root, 'the Compose file', TOP_KEYS, report);
  const version = entryOf(root, 'version');
  if (version) TOP_KEYS.version(version.value, report);
  if (version) report.warn(version.keyAt, 'version is obsolete and has no effect', 'remove it');
  return {
    services: section(root, 'services', record('a service', SERVICE_KEYS), report),
    networks: section(root, 'networks', orNothing(record('a network', NETWORK_KEYS)), report),
    volumes: section(root, 'volumes', orNothing(record('a volume', VOLUME_KEYS)), report),
    configs: section(root, 'configs', record('a config', FILE_KEYS), report),
    secrets: section(root, 'secrets', record('a secret', FILE_KEYS), report),
  };
}

/** A network or volume may have no settings. */
function orNothing<T extends object>(decoder: Decoder<T>): Decoder<T | Record<never, never>> {
  return (node, report) => (node.kind === 'scalar' && node.value === null ? {} : decoder(node, report));
}

function section<T>(root: MappingNode, name: string, decoder: Decoder<T>, report: Report): Map<string, Declared<T>> {
  const found = new Map<string, Declared<T>>();
  const entry = entryOf(root, name);
  if (!entry) return found;
  if (entry.value.kind !== 'mapping') {
    report.error(entry.keyAt, `${name} must be a mapping, not ${describe(entry.value)}`);
    return found;
  }
  for (const { key, keyAt, value } of entry.value.entries) {
    if (!/^[a-zA-Z0-9._-]+$/.test(key)) {
      report.error(keyAt, `${JSON.stringify(key)} is not a name`, 'use only letters, digits, `.`, `_` and `-`');
      continue;
    }
    const keys = decoder(value, report);
    if (keys) found.set(key, { name: key, at: keyAt, node: value, keys });
  }
  return found;
}

/** The parts of a section by their names. */
export function sorted<T>(declared: Map<string, T>): T[] {
  return [...declared].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, value]) => value);
}
