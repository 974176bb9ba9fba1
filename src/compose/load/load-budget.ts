import { InputError, type Position } from '../../lib/errors.ts';
import { APP_FILE_LIMITS, inWords } from '../../lib/limits.ts';
import type { YamlNode } from '../../yaml/node.ts';

const TEXT_OF_A_NODE = 256;

/** What loading one app may cost: files that build on each other can ask for more than their size tells. */
export class LoadBudget {
  private files = 0;
  private bytes = 0;
  private nodes = 0;

  /** Counts a Compose file that is loaded, as often as it is. Throws InputError. */
  file(at: Position): void {
    this.files++;
    const most = APP_FILE_LIMITS.composeFiles;
    if (this.files > most) throw InputError.at(at, `the app is made of more than ${most} Compose files`);
  }

  /** Counts what one is, before it is parsed. Throws InputError. */
  text(bytes: number, at: Position): void {
    this.bytes += bytes;
    const most = APP_FILE_LIMITS.composeBytes;
    // Where there is too much already, nothing more is parsed to say so again.
    if (this.nodes > APP_FILE_LIMITS.nodes) throw this.tooManyNodes(at);
    if (this.bytes > most) throw InputError.at(at, `the Compose files of the app are larger than ${inWords(most)}`);
  }

  /** Counts what a tree is with everything that it shares written out. Throws InputError. */
  tree(node: YamlNode, at: Position): void {
    this.nodes += node.kind === 'scalar' ? 1 + Math.floor(node.text.length / TEXT_OF_A_NODE) : 1;
    if (this.nodes > APP_FILE_LIMITS.nodes) throw this.tooManyNodes(at);
    if (node.kind === 'sequence') for (const item of node.items) this.tree(item, at);
    if (node.kind === 'mapping') for (const entry of node.entries) this.tree(entry.value, at);
  }

  private tooManyNodes(at: Position): InputError {
    return InputError.at(at, `with what it extends and includes the app has over ${APP_FILE_LIMITS.nodes} nodes`);
  }
}
