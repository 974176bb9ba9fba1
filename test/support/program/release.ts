import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createBrotliDecompress } from 'node:zlib';
import { extract } from 'tar-stream';
import { packRelease, RELEASES } from '../../../scripts/pack-release.ts';
import { type BuiltProgram, builtProgram } from './built-program.ts';

/** The versions that are kept; none before the first release. */
export const releases = async (): Promise<string[]> =>
  (await readdir(RELEASES).catch(() => [])).flatMap((name) => /^holdfast-(.+)\.tar\.br$/.exec(name)?.[1] ?? []);

/** The program of a release, in a folder of its own. */
export async function releasedProgram(version: string): Promise<BuiltProgram> {
  return unpack(join(RELEASES, `holdfast-${version}.tar.br`));
}

/** This work tree's program, packed and unpacked as a release is. */
export async function asReleased(): Promise<BuiltProgram> {
  const program = await builtProgram();
  const dir = await mkdtemp(join(tmpdir(), 'hf-packed-'));
  try {
    const file = join(dir, 'program.tar.br');
    await packRelease(program.dir, file, 2);
    return await unpack(file);
  } finally {
    await program.remove();
    await rm(dir, { recursive: true });
  }
}

async function unpack(file: string): Promise<BuiltProgram> {
  const dir = await mkdtemp(join(tmpdir(), 'hf-release-'));
  const entries = createReadStream(file).pipe(createBrotliDecompress()).pipe(extract());
  for await (const entry of entries) {
    const path = join(dir, entry.header.name);
    await mkdir(dirname(path), { recursive: true });
    const chunks: Uint8Array[] = [];
    for await (const chunk of entry) chunks.push(chunk as Uint8Array);
    await writeFile(path, Buffer.concat(chunks));
  }
  return { dir, remove: () => rm(dir, { recursive: true, force: true }) };
}
