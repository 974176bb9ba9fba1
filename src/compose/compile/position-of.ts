import type { Position } from '../../lib/errors.ts';
import { entryOf, type YamlNode } from '../../yaml/node.ts';
import type { Declared } from '../keys/project.ts';
import type { ServiceKeys } from '../keys/service-keys.ts';

/** The place of the deepest key of a path that a service has; without any, that of the service. */
export function positionOf(service: Declared<ServiceKeys>, ...path: string[]): Position {
  let node: YamlNode | undefined = service.node;
  let at = service.at;
  for (const key of path) {
    const entry = entryOf(node, key);
    if (!entry) break;
    at = entry.keyAt;
    node = entry.value;
  }
  return at;
}
