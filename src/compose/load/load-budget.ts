import { InputError, type Position } from '../../lib/errors.ts';
import type { YamlNode } from '../../yaml/node.ts';

const MAX_FILES = 500;
const MAX_NODES = 600_000;
const TEXT_OF_A_NODE = 256;

/** What loading one app may cost: files that build on each other can ask for more than their size tells. */
export class LoadBudget {
  private files = 0;
  private nodes = 0;

  /** Counts a Compose file that is loaded, as often as it is. Throws InputError. */
  file(at: Position): void {
    this.files++;
    if (this.files > MAX_FILES) throw InputError.at(at, `the app is made of more than ${MAX_FILES} Compose files`);
  }

  /** Counts what a tree is with everything that it shares written out. Throws InputError. */
  tree(node: YamlNode, at: Position): void {
    this.nodes += node.kind === 'scalar' ? 1 + Math.floor(node.text.length / TEXT_OF_A_NODE) : 1;
    if (this.nodes > MAX_NODES) {
      throw InputError.at(at, `with what it extends and includes the app has over ${MAX_NODES} nodes`);
    }
    if (node.kind === 'sequence') for (const item of node.items) this.tree(item, at);
    if (node.kind === 'mapping') for (const entry of node.entries) this.tree(entry.value, at);
  }
}
