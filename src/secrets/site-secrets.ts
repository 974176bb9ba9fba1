import { createHash, createHmac } from 'node:crypto';
import { InputError } from '../lib/errors.ts';
import { opensWith } from './crypt/data-key.ts';
import { type Identity, recipientsInWords } from './crypt/identity.ts';
import { type DecryptedSops, decryptSops } from './decrypt-sops.ts';
import { type GroupKeyFile, openGroupKey } from './group-key.ts';
import type { SopsFile } from './sops-file.ts';

/** Everything by which a site reads its encrypted files, and tells their content apart without showing it. */
export interface SiteSecrets {
  /**
   * Decrypts a file for an app: with the app's own keys where it has some, else with those of the site. So an app that copies the file of another
   * one cannot read it. Where these do not open the file, the keys of the app's group are decrypted with them, and tried as well. Throws InputError.
   */
  open(app: string, file: SopsFile, group?: GroupKeyFile): Promise<DecryptedSops>;
  /** A digest of a secret by the random key of the site. The purpose, as the path of a file, keeps equal secrets from having equal digests. */
  digest(purpose: string, content: Uint8Array | string): string;
  /** Names the key of the digests. */
  keyId: string;
  /** The public keys, by app; "" for those of the site. They tell if other keys are read than before. */
  recipients: Readonly<Record<string, readonly string[]>>;
}

export interface SiteKeys {
  /** Those of the site. */
  site: readonly Identity[];
  /** Keys of single apps, by the name of the app. */
  apps: ReadonlyMap<string, readonly Identity[]>;
}

export function siteSecrets({ site, apps }: SiteKeys, digestKey: Uint8Array): SiteSecrets {
  const recipientsOf = (keys: readonly Identity[]): string[] => keys.map(({ recipient }) => recipient);
  return {
    async open(app, file, group) {
      const keys = apps.get(app) ?? site;
      if (keys.length === 0)
        throw InputError.at(file.at(0), `${file.path} is encrypted, and ${app} has no age key here`, NO_KEY);
      const isDirect = group === undefined || opensWith(file.metadata, keys);
      return decryptSops(file, isDirect ? keys : [...keys, ...(await keysOf(group, keys, file.path))]);
    },
    digest: (purpose, content) => createHmac('sha256', digestKey).update(`${purpose}\0`).update(content).digest('hex'),
    keyId: keyIdOf(digestKey),
    recipients: Object.fromEntries([
      ['', recipientsOf(site)],
      ...[...apps].map(([app, keys]) => [app, recipientsOf(keys)]),
    ]),
  };
}

async function keysOf(group: GroupKeyFile, keys: readonly Identity[], file: string): Promise<Identity[]> {
  const content = await group.read();
  if (content) return openGroupKey(group, content, keys);
  throw InputError.of(
    `${file} is not encrypted for the key here${recipientsInWords(keys)}, and there is no ${group.path} with the key of the group ${group.group} for this site`,
    'write it with `holdfast recipients`',
  );
}

/** For a file that this site cannot read at all. */
export const NO_KEY = 'give the agent the key with --age-key-file; `holdfast keygen` makes one';

const keyIdOf = (key: Uint8Array): string =>
  createHash('sha256').update('the key of the digests\0').update(key).digest('hex').slice(0, 8);
