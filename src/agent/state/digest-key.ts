import { randomBytes } from 'node:crypto';
import type { Disk } from '../../lib/disk.ts';
import type { Log } from '../../lib/log.ts';
import { drawnOnce } from './drawn-once.ts';

const BYTES = 32;

/**
 * The random key of a state folder for digests of secrets: nobody who reads a label or the memory can try out a short password. A key that is lost or
 * cannot be stored replaces no container. Throws StateError for the file of a newer Holdfast.
 */
export async function openDigestKey(disk: Disk, path: string, log: Log): Promise<Uint8Array> {
  const key = {
    draw: () => randomBytes(BYTES).toString('base64'),
    isRight: (text: string) => Buffer.from(text, 'base64').length === BYTES,
    name: 'the key for digests of secrets',
    loss: 'digests of secrets are made with another key from now on',
  };
  return Buffer.from(await drawnOnce(disk, path, key, log), 'base64');
}
