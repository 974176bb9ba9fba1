import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { Script } from 'node:vm';
import { openCodeCache } from './code-cache.ts';
import type { LoadProgram } from './start.ts';

/**
 * Runs a file of the build that is one function of CommonJS's variables, with what V8 compiled of it in an earlier run of the same command. The
 * agent starts once in weeks and must stay small, so it neither reads nor writes such a cache.
 */
export function loadBundle(file: string, command: string): Awaited<ReturnType<LoadProgram>> {
  const text = readFileSync(file);
  const cache = command === 'agent' ? undefined : openCodeCache(text, command);
  const script = new Script(text.toString('latin1'), { filename: file, cachedData: cache?.code });
  if (cache && (cache.code === undefined || script.cachedDataRejected)) {
    // At the end, when V8 has compiled the functions that such a run needs.
    process.on('exit', (code) => {
      if (code <= 1) cache.keep(() => script.createCachedData());
    });
  }
  const module = { exports: {} };
  script.runInThisContext()(module.exports, createRequire(file), module, file, dirname(file));
  return module.exports as Awaited<ReturnType<LoadProgram>>;
}
