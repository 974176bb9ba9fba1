import { mkdtemp, rm } from 'node:fs/promises';

/** A folder in memory for decrypted files: each Linux has a tmpfs there. */
export async function memoryFolder(): Promise<{ path: string; clear(): Promise<void> }> {
  const path = await mkdtemp('/dev/shm/hf-secrets-');
  return { path, clear: () => rm(path, { recursive: true, force: true }) };
}
