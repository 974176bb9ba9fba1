import { describe, type YamlNode } from '../../../yaml/node.ts';
import {
  type Decoder,
  integer,
  list,
  map,
  pairs,
  quoted,
  stringRecord,
  text,
  textOrNumber,
  withShape,
} from '../decode.ts';
import { record } from '../record.ts';

/** Small settings that go to the engine almost as written. */

/** A list of `NAME=VALUE`. If a name is there twice, the last entry counts, as in Compose. */
export function uniqueList(item: Decoder<string>): Decoder<string[]> {
  return map(list(item), (items) => [...new Map(items.map((each) => [each.split('=')[0], each])).values()]);
}

/** A list without repeated entries. */
export function distinct(item: Decoder<string>): Decoder<string[]> {
  return map(list(item), (items) => [...new Set(items)]);
}

/** True for the name of a label that Holdfast or Compose sets. */
export const isReserved = (name: string): boolean => /^(com\.docker\.compose|dev\.holdfast)\./.test(name);

/** Reads `labels`. Users cannot set the labels of Holdfast and Compose. */
export const labels: Decoder<Record<string, string>> = map(pairs, (found, _node, report) => {
  for (const { name, at } of found) {
    if (isReserved(name)) {
      report.error(at, `the label ${name} is reserved`, 'Holdfast sets the labels of Docker Compose and its own');
    }
  }
  return Object.fromEntries(found.map(({ name, value }) => [name, value ?? '']));
});

/** Reads `extra_hosts` as `host:address`, sorted. A host may have several addresses. */
export const extraHosts: Decoder<string[]> = (node, report) => {
  const found = new Set<string>();
  const add = (host: string, addresses: string[]) => {
    for (const address of addresses) found.add(`${host}:${/^\[(.+)\]$/.exec(address)?.[1] ?? address}`);
  };
  if (node.kind === 'mapping') {
    for (const { key, keyAt, value } of node.entries) {
      if (key === '' || /[:=]/.test(key)) report.error(keyAt, `${JSON.stringify(key)} is not a host name`);
      else add(key, (value.kind === 'sequence' ? list(text)(value, report) : [text(value, report) ?? '']) ?? []);
    }
  } else if (node.kind === 'sequence') {
    for (const item of node.items) {
      const written = text(item, report);
      if (written === undefined) continue;
      const match = /^([^=:]+)[=:](.*)$/s.exec(written);
      // If both separators are there, `=` counts. A host has no colon.
      if (!match || (written.includes('=') && /:/.test(written.split('=')[0] ?? ''))) {
        report.error(item, `${quoted(item)} is not HOST=ADDRESS`);
      } else add(match[1] ?? '', (match[2] ?? '').split(','));
    }
  } else {
    return report.error(node, `extra_hosts must be a list or a mapping, not ${describe(node)}`);
  }
  return [...found].sort();
};

const LIMIT = record('a limit', { soft: integer(-1), hard: integer(-1) });

/** A limit by its name. A single number is both the soft and the hard limit. */
export type Limits = Record<string, number | { soft: number; hard: number }>;

/** Reads `ulimits`. */
export const ulimits: Decoder<Limits> = withShape(LIMIT.shape, (node, report) => {
  if (node.kind !== 'mapping') return report.error(node, `ulimits must be a mapping, not ${describe(node)}`);
  const found: Limits = {};
  for (const { key, keyAt, value } of node.entries) {
    if (!/^[a-z]+$/.test(key)) report.error(keyAt, `${JSON.stringify(key)} is not the name of a limit`);
    if (value.kind !== 'mapping') {
      const single = integer(-1)(value, report);
      if (single !== undefined) found[key] = single;
      continue;
    }
    const { soft, hard } = LIMIT(value, report) ?? {};
    if (soft !== undefined && hard !== undefined) found[key] = { soft, hard };
    else report.error(value.at, `the limit ${key} needs soft and hard`);
  }
  return found;
});

/** Reads `logging`. */
export const logging = record('logging', { driver: text, options: stringRecord });

/** Reads `group_add`: names and numbers. */
export const groups: Decoder<string[]> = list(textOrNumber);

/** Reads `platform`: os/arch or os/arch/variant. */
export const platform: Decoder<string> = map(text, (value, node, report) =>
  /^[a-z0-9_-]+(\/[a-z0-9_.-]+){0,2}$/i.test(value)
    ? value
    : report.error(node, `${quoted(node)} is not a platform`, 'write it as linux/arm64'),
);

export const containerName: Decoder<string> = map(text, (value, node, report) =>
  /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/.test(value)
    ? value
    : report.error(
        node,
        `${quoted(node)} is not a container name`,
        'use two or more letters, digits, `_`, `.` and `-`',
      ),
);

export const image: Decoder<string> = map(text, (value, node, report) =>
  value !== '' && !/\s/.test(value) ? value : report.error(node, `${quoted(node)} is not the name of an image`),
);

const PULL = {
  always: 'always',
  missing: 'missing',
  if_not_present: 'missing',
  never: 'never',
  build: 'build',
} as const;

/** Reads `pull_policy`. */
export const pullPolicy: Decoder<(typeof PULL)[keyof typeof PULL]> = (node, report) => {
  const value = node.kind === 'scalar' && typeof node.value === 'string' ? node.value : '';
  if (value === 'build')
    report.warn(
      node.at,
      'pull_policy build has no effect: Holdfast builds no images, and pulls an image that is missing',
    );
  if (Object.hasOwn(PULL, value)) return PULL[value as keyof typeof PULL];
  return report.error(node, `the pull policy ${quoted(node)} is not supported`, 'always, missing or never');
};

/** True for `""` and for a key without a value, which count as absent. */
const isEmpty = (node: YamlNode): boolean =>
  node.kind === 'scalar' && (node.value === '' || (node.value === null && node.raw === ''));

/** Reads the mode of a namespace: one of `names`, `service:NAME` or `container:NAME`. An empty value counts as absent. */
export function namespace(what: string, modes: string[], joins: boolean): Decoder<string> {
  const read = map(text, (value, node, report) => {
    if (modes.includes(value) || (joins && /^(service|container):.+$/.test(value))) return value;
    const possible = [...modes, ...(joins ? ['service:NAME', 'container:NAME'] : [])].join(', ');
    return report.error(node, `${quoted(node)} is not a mode of ${what}`, `possible: ${possible}`);
  });
  return (node, report) => (isEmpty(node) ? undefined : read(node, report));
}

/** Reads `network_mode`. As in Docker and Compose, `default` is the engine's own bridge. */
export const networkMode: Decoder<string> = (node, report) => {
  // Docker Compose would connect such a service to no network at all.
  if (isEmpty(node)) return report.error(node, 'network_mode is empty', 'remove it, or write none');
  const modes = ['bridge', 'default', 'host', 'none'];
  const isName = node.kind === 'scalar' && typeof node.value === 'string' && /^[\w][\w.-]*$/.test(node.value);
  const known = isName && [...modes, 'service', 'container'].some((mode) => mode === String(node.value).toLowerCase());
  return isName && !known
    ? report.error(
        node,
        `${quoted(node)} is not a network_mode`,
        'to join an existing network, list it under networks and declare it with external: true',
      )
    : namespace('network_mode', modes, true)(node, report);
};
