import { InputError, type Position } from '../../lib/errors.ts';
import { APP_FILE_LIMITS, inWords } from '../../lib/limits.ts';
import type { YamlNode } from '../../yaml/node.ts';

/** Characters of a text that count as one node of the limit. */
const TEXT_OF_A_NODE = 256;

/** Limits the cost of loading one app. Small files that extend and include each other can become large. */
export class LoadBudget {
  private files = 0;
  private bytes = 0;
  private nodes = 0;

  /** Counts a Compose file each time it is loaded. Throws InputError. */
  file(at: Position): void {
    this.files++;
    const most = APP_FILE_LIMITS.composeFiles;
    if (this.files > most) throw InputError.at(at, `the app has more than ${most} Compose files`);
  }

  /** Counts the bytes of a file before it is parsed. Throws InputError. */
  text(bytes: number, at: Position): void {
    this.bytes += bytes;
    const most = APP_FILE_LIMITS.composeBytes;
    // When the limit of nodes is exceeded, parsing more files would only repeat the error.
    if (this.nodes > APP_FILE_LIMITS.nodes) throw this.tooManyNodes(at);
    if (this.bytes > most) throw InputError.at(at, `the Compose files of the app are larger than ${inWords(most)}`);
  }

  /** Counts the nodes of a tree, with all aliases expanded. Throws InputError. */
  tree(node: YamlNode, at: Position): void {
    this.nodes += node.kind === 'scalar' ? 1 + Math.floor(node.text.length / TEXT_OF_A_NODE) : 1;
    if (this.nodes > APP_FILE_LIMITS.nodes) throw this.tooManyNodes(at);
    if (node.kind === 'sequence') for (const item of node.items) this.tree(item, at);
    if (node.kind === 'mapping') for (const entry of node.entries) this.tree(entry.value, at);
  }

  private tooManyNodes(at: Position): InputError {
    return InputError.at(
      at,
      `with everything that it extends and includes, the app has over ${APP_FILE_LIMITS.nodes} nodes`,
    );
  }
}
