import { chmod } from 'node:fs/promises';
import { fileOfPackage, isDebian } from '../../../scripts/machine/debian.ts';

/**
 * Docker Compose v2, to compare with: its program's path. Taken from Debian's own package of it (in `sid`; no stable release had it as of
 * Debian 12), unpacked into the cache and not installed. Throws, in a sentence, where it cannot be had.
 */
export async function composePeer(): Promise<string> {
  if (!(await isDebian()))
    throw new Error('Docker Compose is taken from a Debian package, and this is not a Debian system');
  const program = await fileOfPackage('docker-compose', 'usr/libexec/docker/cli-plugins/docker-compose', 'sid');
  await chmod(program, 0o755);
  return program;
}
