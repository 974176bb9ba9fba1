import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { InputError } from '../../lib/errors.ts';
import { utf8 } from '../../lib/text/utf8.ts';
import { type Identity, parseIdentities } from '../../secrets/crypt/identity.ts';
import { type SiteSecrets, siteSecrets } from '../../secrets/site-secrets.ts';
import type { AgeKeyFile } from '../options/kinds.ts';

/** Reads the key files. Several for the site, or for one app, count together. Throws InputError, which shows no key. */
export async function readSecrets(files: readonly AgeKeyFile[], digestKey: Uint8Array): Promise<SiteSecrets> {
  const keys = new Map<string, Identity[]>();
  for (const { app, file } of files) keys.set(app, [...(keys.get(app) ?? []), ...(await readKeys(file))]);
  const site = keys.get('') ?? [];
  keys.delete('');
  return siteSecrets({ site, apps: keys }, digestKey);
}

/** For a command: its digests hold until it ends. */
export const secretsByHand = async (files: readonly AgeKeyFile[]): Promise<SiteSecrets | undefined> =>
  files.length === 0 ? undefined : readSecrets(files, randomBytes(32));

export async function readKeys(file: string): Promise<Identity[]> {
  const content = await readFile(file).catch((error: NodeJS.ErrnoException) => {
    throw InputError.of(`the key file ${file} cannot be read: ${error.code ?? error.message}`);
  });
  return parseIdentities(utf8(content, file), file);
}
