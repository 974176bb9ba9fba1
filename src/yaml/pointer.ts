import type { Position } from '../lib/errors.ts';
import { entryOf, type YamlNode } from './node.ts';

/**
 * The node at a JSON Pointer (RFC 6901), or its nearest ancestor that exists. `keyAt` is the position of the node's key, if it has one.
 */
export function nodeAt(root: YamlNode, pointer: string): { node: YamlNode; keyAt?: Position } {
  let node = root;
  let keyAt: Position | undefined;
  for (const step of pointer.split('/').slice(1)) {
    const name = step.replaceAll('~1', '/').replaceAll('~0', '~');
    if (node.kind === 'sequence') {
      const item = node.items[Number(name)];
      if (!item) break;
      node = item;
      keyAt = undefined;
    } else {
      const entry = entryOf(node, name);
      if (!entry) break;
      node = entry.value;
      keyAt = entry.keyAt;
    }
  }
  return keyAt ? { node, keyAt } : { node };
}
