import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { repoDir } from '../../../scripts/engine.ts';
import { builtProgram } from './built-program.ts';

/** The agent as a site has it: the bundle, with the image's V8 flags and variables, and the one capability that its example gives it. */
export interface BuiltAgent {
  command: readonly string[];
  env: Record<string, string>;
  /** The memory limit of the example, in bytes. */
  memoryLimit: number;
  remove(): Promise<void>;
}

export async function builtAgent(): Promise<BuiltAgent> {
  const { dir, remove } = await builtProgram();
  const dockerfile = await readFile(join(repoDir, 'Dockerfile'), 'utf8');
  const example = await readFile(join(repoDir, 'examples', 'agent', 'compose.yaml'), 'utf8');
  const [node, ...flags] = JSON.parse(found(dockerfile, /^ENTRYPOINT (\[.*\])$/m)) as string[];
  if (node !== 'node' || flags.pop() !== '/opt/holdfast/holdfast.js')
    throw new Error('another ENTRYPOINT than expected');
  const [name = '', value = ''] = found(dockerfile, /^ENV (\S+=\S+)$/m).split('=');
  const confined = ['setpriv', '--inh-caps=-all', '--bounding-set=-all,+dac_override', '--no-new-privs'];
  return {
    command: [...confined, process.execPath, ...flags, join(dir, 'holdfast.js')],
    env: { [name]: value },
    memoryLimit: Number(found(example, /^ {4}mem_limit: (\d+)m$/m)) * 1024 * 1024,
    remove,
  };
}

function found(text: string, words: RegExp): string {
  const match = words.exec(text)?.[1];
  if (match === undefined) throw new Error(`nothing says ${words}`);
  return match;
}
