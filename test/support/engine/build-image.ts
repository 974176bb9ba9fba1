import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { pack } from 'tar-stream';
import { repoDir } from '../../../scripts/engine.ts';
import { mustAsk } from '../../../scripts/machine/engine-http.ts';
import { builtProgram } from '../program/built-program.ts';

/**
 * `docker build` of the agent's image by the engine's own builder, from the bundle of this work tree, as a build in the engine could reach no
 * registry. Resolves to the builder's words.
 */
export async function buildAgentImage(host: string, name: string, base: string): Promise<string> {
  const program = await builtProgram();
  const context = pack();
  context.entry({ name: 'Dockerfile' }, await readFile(join(repoDir, 'Dockerfile')));
  for (const path of await filesBelow(program.dir)) {
    context.entry({ name: `dist/${path}`, mode: 0o755 }, await readFile(join(program.dir, path)));
  }
  await program.remove();
  context.finalize();
  const buildargs = JSON.stringify({ BASE: base, BUNDLE: 'prebuilt' });
  const query = new URLSearchParams({ t: name, buildargs, rm: '1', forcerm: '1' });
  const answer = await mustAsk(host, 'POST', `/build?${query}`, { body: context, timeoutMs: 300_000 });
  const items = answer.split('\n').filter((line) => line.trim() !== '');
  const parsed = items.map((line) => JSON.parse(line) as { stream?: string; error?: string });
  const failed = parsed.find(({ error }) => error !== undefined);
  const words = parsed.map(({ stream }) => stream ?? '').join('');
  if (failed) throw new Error(`building ${name}: ${failed.error}\n${words}`);
  return words;
}

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return files.map((entry) => relative(folder, join(entry.parentPath, entry.name))).sort();
}
