import { readFile } from 'node:fs/promises';
import { placeSite } from '../../../src/fleet/place-site.ts';
import { processWorker } from '../../../src/git/pack/worker/pack-process.ts';
import { systemClock } from '../../../src/lib/clock.ts';
import { gitSource } from '../../../src/source/git-source.ts';

// The work of an agent with a config repo, measured from inside: `poll` and `fetch` on its input, a line of JSON for each on its output.
// Arguments: the repo's URL, the store's folder, the site, a file with certificate authorities or nothing.

const [url = '', dir = '', site = '', caFile] = process.argv.slice(2);
const { signal } = new AbortController();
const source = gitSource({
  url,
  dir,
  clock: systemClock,
  worker: processWorker,
  ...(caFile && { caFile }),
});

async function memory(key: string): Promise<number> {
  const status = await readFile('/proc/self/status', 'utf8');
  return Number(new RegExp(`^${key}:\\s+(\\d+)`, 'm').exec(status)?.[1]) * 1024;
}

async function fetchAll(): Promise<void> {
  const { commit } = await source.poll(signal);
  const snapshot = await source.fetch(commit, signal);
  const { apps } = await placeSite(snapshot, { site });
  for (const app of apps) for (const file of app.compose) await snapshot.read(file);
  await snapshot.dispose();
}

process.stdin.setEncoding('utf8').on('data', async (text: string) => {
  const before = await memory('VmRSS');
  const since = performance.now();
  if (text.trim() === 'poll') await source.poll(signal);
  else await fetchAll();
  const ms = performance.now() - since;
  global.gc?.();
  console.log(JSON.stringify({ ms, grown: (await memory('VmRSS')) - before, peak: await memory('VmHWM') }));
});
process.stdin.on('end', () => process.exit(0));
