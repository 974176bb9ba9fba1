import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { repoDir } from '../../../scripts/engine.ts';
import { run } from '../../../scripts/machine/processes.ts';

/** The bundle of this work tree: a folder with `holdfast.js` in it. */
export interface BuiltProgram {
  dir: string;
  /** Removes the folder, unless the test run owns it. */
  remove(): Promise<void>;
}

/** The bundle that `npm test` built for the whole run; without one, builds it into a temporary folder. */
export async function builtProgram(): Promise<BuiltProgram> {
  const lent = process.env.HOLDFAST_TEST_PROGRAM;
  return lent ? { dir: lent, remove: async () => {} } : buildProgram();
}

export async function buildProgram(): Promise<BuiltProgram> {
  const dir = await mkdtemp(join(tmpdir(), 'hf-built-'));
  await run(process.execPath, [join(repoDir, 'scripts', 'build.ts'), dir]);
  return { dir, remove: () => rm(dir, { recursive: true, force: true }) };
}
