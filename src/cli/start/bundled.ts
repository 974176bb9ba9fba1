/** `holdfast` as it is built: dist/holdfast.js. */
import { join } from 'node:path';
import { start } from './start.ts';

const args = process.argv.slice(2);
const command = args[0] ?? '';

// Node hides the deprecation warnings of code below node_modules. The same code is in the bundle, and docker-modem's `url.parse` would warn.
process.noDeprecation = true;

void start(args, async () => {
  if (command === 'agent') (await import('./agent-process.ts')).asAgent();
  const { loadBundle } = await import('./load-bundle.ts');
  return loadBundle(join(import.meta.dirname, 'chunks', 'program.js'), command);
});
