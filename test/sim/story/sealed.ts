import { InputError } from '../../../src/lib/errors.ts';
import { generateIdentity } from '../../../src/secrets/crypt/identity.ts';
import { type DecryptedSops, decryptSops } from '../../../src/secrets/decrypt-sops.ts';
import { encryptedDigest } from '../../../src/secrets/equal-encrypted.ts';
import { type SiteSecrets, siteSecrets } from '../../../src/secrets/site-secrets.ts';
import { parseSops, type SopsFile } from '../../../src/secrets/sops-file.ts';
import { sealedFile } from '../../support/secrets/sealed-file.ts';

/** The encrypted file of an app: one of the values, in one of its encryptions. */
export interface Sealed {
  value: number;
  /** `foreign`: it is encrypted for another site. */
  encryption: number | 'foreign';
}

const VALUES = ['weasel-17320508', 'marten-22360679', 'otter-27182818'];
const ENCRYPTIONS = 2;

const [key, other] = [await generateIdentity(), await generateIdentity()];
/** The name of the file in the folder of its app; it is both a secret and an env_file. */
export const SEALED_FILE = 'secret.env';

export const plainOf = ({ value }: Sealed): string => `TOKEN=${VALUES[value]}\n`;

// Ciphers take real time, which a virtual clock does not wait for: all of it is done before.
const encrypt = (value: number, recipient: string): Promise<string> =>
  sealedFile(SEALED_FILE, plainOf({ value, encryption: 0 }), { recipients: [recipient] });
const texts = await Promise.all(
  VALUES.map(async (_, value) => ({
    own: await Promise.all(Array.from({ length: ENCRYPTIONS }, () => encrypt(value, key.recipient))),
    foreign: await encrypt(value, other.recipient),
  })),
);
const opened = new Map(
  await Promise.all(
    texts
      .flatMap(({ own }) => own)
      .map(async (text) => {
        const file = parseSops(Buffer.from(text), SEALED_FILE) as SopsFile;
        return [encryptedDigest(file), await decryptSops(file, [key])] as const;
      }),
  ),
);

/** The file as it is in Git. */
export const sealedText = ({ value, encryption }: Sealed): string =>
  (encryption === 'foreign' ? texts[value]?.foreign : texts[value]?.own[encryption]) ?? '';

/** The keys of the site of a story. */
export const STORY_SECRETS: SiteSecrets = {
  ...siteSecrets({ site: [key], apps: new Map() }, Buffer.alloc(32, 3)),
  async open(_app, file): Promise<DecryptedSops> {
    const found = opened.get(encryptedDigest(file));
    if (found) return found;
    throw InputError.of(`${file.path} is not encrypted for the key here, ${key.recipient}`);
  },
};

/** Any of the plain values in a text that must not show one. */
export const shownSecret = (text: string): string | undefined => VALUES.find((value) => text.includes(value));
