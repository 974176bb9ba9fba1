import type { ServiceDefaults } from '../../model/fleet.ts';
import { entryOf, type MappingEntry, type MappingNode, type ScalarNode, type YamlNode } from '../../yaml/node.ts';
import { sectionOf, withEntry } from './layer.ts';
import { mergeServices } from './merge/merge.ts';

/** The file of a Fleet. The defaults are nodes of it, so that `explain` knows the layer. */
const AT = { file: 'fleet.yaml', line: 1, column: 1 };

/** The tree with the Fleet's defaults under every service, as if each extended a service with these keys. */
export function withDefaults(root: MappingNode, defaults: ServiceDefaults | undefined): MappingNode {
  const services = defaults && sectionOf(root, 'services');
  if (!services) return root;
  const entries = services.entries.map((entry) =>
    entry.value.kind === 'mapping'
      ? { ...entry, value: mergeServices(under(entry.value, defaults), entry.value) }
      : entry,
  );
  return withEntry(root, 'services', { ...services, entries });
}

/** The defaults in the words of a service. One whose `deploy` has limits gets its limits there, since both forms must say the same. */
function under(service: MappingNode, { memory, pids, init, logging }: ServiceDefaults): MappingNode {
  const resources = entryOf(entryOf(service, 'deploy')?.value, 'resources')?.value;
  const limits = entryOf(resources, 'limits')?.value;
  const deploys = limits?.kind === 'mapping';
  // A service that reserves more than the default has no limit: the engine refuses one below the reservation.
  const reserves = entryOf(service, 'mem_reservation') ?? entryOf(entryOf(resources, 'reservations')?.value, 'memory');
  const limit = reserves ? undefined : memory;
  const inDeploy = mapping({
    memory: entryOf(service, 'mem_limit') ? undefined : limit,
    pids: entryOf(service, 'pids_limit') ? undefined : pids,
  });
  return mapping({
    init,
    logging: logging && mapping({ driver: logging.driver, options: logging.options && mapping(logging.options) }),
    ...(deploys
      ? { deploy: inDeploy.entries.length > 0 ? mapping({ resources: mapping({ limits: inDeploy }) }) : undefined }
      : { mem_limit: limit, pids_limit: pids }),
  });
}

type Value = string | number | boolean | MappingNode;

function mapping(values: Readonly<Record<string, Value | undefined>>): MappingNode {
  const entries = Object.entries(values).flatMap(([key, value]): MappingEntry[] =>
    value === undefined ? [] : [{ key, keyAt: AT, value: nodeOf(value) }],
  );
  return { kind: 'mapping', at: AT, entries };
}

function nodeOf(value: Value): YamlNode {
  if (typeof value === 'object') return value;
  const text = String(value);
  return { kind: 'scalar', at: AT, value, text, raw: text, style: 'plain' } satisfies ScalarNode;
}
