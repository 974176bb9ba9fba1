import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pack } from 'tar-stream';
import { repoDir } from '../../scripts/engine.ts';
import { mustAsk } from '../../scripts/machine/engine-http.ts';
import { run } from '../../scripts/machine/processes.ts';

/**
 * `docker build` of the agent's image by the engine's own builder, from a bundle that is made here, as a build in the engine could reach no
 * registry. Resolves to the builder's words.
 */
export async function buildAgentImage(host: string, name: string, base: string): Promise<string> {
  await run(process.execPath, [join(repoDir, 'scripts', 'build.ts')]);
  const context = pack();
  for (const path of ['Dockerfile', ...(await filesBelow('dist'))]) {
    context.entry({ name: path, mode: 0o755 }, await readFile(join(repoDir, path)));
  }
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
  const found: string[] = [];
  for (const name of (await readdir(join(repoDir, folder), { recursive: true })).sort()) {
    const path = join(folder, name);
    if ((await stat(join(repoDir, path))).isFile()) found.push(path);
  }
  return found;
}
