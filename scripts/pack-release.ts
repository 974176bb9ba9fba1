import { createWriteStream } from 'node:fs';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { constants, createBrotliCompress } from 'node:zlib';
import { pack } from 'tar-stream';
import { buildProgram } from '../test/support/program/built-program.ts';
import { repoDir } from './engine.ts';

/** Programs that were released, as `holdfast-VERSION.tar.br`: `test/e2e/release/upgrade.test.ts` runs each, then this work tree on what it left. */
export const RELEASES = join(repoDir, 'test', 'fixtures', 'releases');

/** Nobody runs the licences. */
const LEFT_OUT = ['THIRD-PARTY-LICENSES.txt'];

/**
 * Writes a bundle into one small file.
 * @param quality Brotli's, 0 to 11
 */
export async function packRelease(program: string, file: string, quality: number): Promise<void> {
  const archive = pack();
  const compress = createBrotliCompress({
    params: {
      [constants.BROTLI_PARAM_QUALITY]: quality,
      [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS,
    },
  });
  const written = pipeline(archive, compress, createWriteStream(file));
  for (const entry of await readdir(program, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || LEFT_OUT.includes(entry.name)) continue;
    const path = join(entry.parentPath, entry.name);
    archive.entry({ name: relative(program, path), mtime: new Date(0) }, await readFile(path));
  }
  archive.finalize();
  await written;
}

if (import.meta.main) {
  const { version } = JSON.parse(await readFile(join(repoDir, 'package.json'), 'utf8')) as { version: string };
  const program = await buildProgram();
  const file = join(RELEASES, `holdfast-${version}.tar.br`);
  await mkdir(RELEASES, { recursive: true });
  await packRelease(program.dir, file, constants.BROTLI_MAX_QUALITY).finally(program.remove);
  console.log(file);
}
