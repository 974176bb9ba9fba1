import { InputError } from '../lib/errors.ts';
import type { Snapshot } from '../model/snapshot.ts';
import { encryptedNames } from '../secrets/decrypt-sops.ts';
import { parseSops } from '../secrets/sops-file.ts';

/** A file of SOPS in a repo. */
export interface EncryptedInRepo {
  path: string;
  recipients: readonly string[];
  /** The names of its encrypted values. */
  names: readonly string[];
}

/** Folders without files of apps: the keys of groups, and what a package manager put there. */
const SKIPPED: readonly string[] = ['keys', 'node_modules'];

/** There may be many. */
const isSite = (path: string): boolean => path.startsWith('sites/') && path.endsWith('.yaml');

/** All files of SOPS that can be read, sorted by path; `validate` reports the others. The cost grows with the repo, so only a laptop calls it. */
export async function encryptedFiles(snapshot: Snapshot, folder = ''): Promise<EncryptedInRepo[]> {
  const found: EncryptedInRepo[] = [];
  for (const { name, kind } of (await snapshot.list(folder)) ?? []) {
    const path = folder === '' ? name : `${folder}/${name}`;
    if (kind === 'dir' && !SKIPPED.includes(path)) found.push(...(await encryptedFiles(snapshot, path)));
    if (kind === 'file' && !isSite(path)) found.push(...(await readEncrypted(snapshot, path)));
  }
  return found;
}

async function readEncrypted(snapshot: Snapshot, path: string): Promise<EncryptedInRepo[]> {
  const file = await snapshot.read(path);
  try {
    const sops = file && parseSops(file.content, path);
    return sops ? [{ path, recipients: sops.metadata.recipients, names: await encryptedNames(sops) }] : [];
  } catch (error) {
    if (error instanceof InputError) return [];
    throw error;
  }
}
