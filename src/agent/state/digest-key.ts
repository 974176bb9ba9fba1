import { randomBytes } from 'node:crypto';
import type { Disk } from '../../lib/disk.ts';
import { messageOf } from '../../lib/errors.ts';
import type { Log } from '../../lib/log.ts';
import { seal, unseal } from './state-file.ts';

const VERSION = 1;
const BYTES = 32;

/**
 * The random key of a state folder for digests of secrets: nobody who reads a label or the memory can try out a short password. It is drawn at the first
 * start. A key that is lost or cannot be stored replaces no container. Throws StateError for the file of a newer Holdfast.
 */
export async function openDigestKey(disk: Disk, path: string, log: Log): Promise<Uint8Array> {
  const found = await disk.read(path).catch(() => undefined);
  const kept = found && unseal(path, Buffer.from(found).toString('utf8'), VERSION);
  const known = typeof kept === 'string' ? Buffer.from(kept, 'base64') : undefined;
  if (known?.length === BYTES) return known;
  if (found) log.warn(`${path} is damaged: digests of secrets are made with another key from now on`);
  const key = randomBytes(BYTES);
  await disk.write(path, seal(VERSION, key.toString('base64')), 0o600).catch((error: unknown) => {
    log.warn(`the key for digests of secrets cannot be kept in ${path}: ${messageOf(error)}`);
  });
  return key;
}
