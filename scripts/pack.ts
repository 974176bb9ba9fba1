import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { repoDir } from './engine.ts';
import { run } from './machine/processes.ts';

interface Manifest {
  name: string;
  version: string;
  files: string[];
  [key: string]: unknown;
}

/** These are about this work tree. The bundle carries the packages that the program runs, so an install needs no other package. */
const NOT_PACKED = ['dependencies', 'devDependencies', 'allowScripts', 'scripts'];

/**
 * Makes the npm package of this work tree in a folder and resolves to its path. `npm pack` alone would list the packages that are in the bundle as
 * dependencies, and an install would fetch them for nothing.
 * @param program a bundle that was built already
 */
export async function packProgram(destination: string, program?: string): Promise<string> {
  const stage = await mkdtemp(join(tmpdir(), 'holdfast-pack-'));
  try {
    const manifest = JSON.parse(await readFile(join(repoDir, 'package.json'), 'utf8')) as Manifest;
    const packed = Object.fromEntries(Object.entries(manifest).filter(([key]) => !NOT_PACKED.includes(key)));
    await writeFile(join(stage, 'package.json'), `${JSON.stringify(packed, null, 2)}\n`);
    if (program) await cp(program, join(stage, 'dist'), { recursive: true });
    else await run(process.execPath, [join(repoDir, 'scripts', 'build.ts'), join(stage, 'dist')]);
    for (const file of manifest.files.filter((name) => name !== 'dist')) {
      await cp(join(repoDir, file), join(stage, file), { recursive: true });
    }
    await run('npm', ['pack', '--pack-destination', destination], { cwd: stage });
    return join(destination, `${manifest.name}-${manifest.version}.tgz`);
  } finally {
    await rm(stage, { recursive: true, force: true });
  }
}

if (import.meta.main) console.log(await packProgram(resolve(process.argv[2] ?? '.')));
