import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { generateIdentity, type Identity, keyFileText } from '../../../src/secrets/crypt/identity.ts';

const run = promisify(execFile);

/** The answer of a program: its output, or its words where it refuses. */
export type Answer = { output: Buffer } | { refusal: string };

/** A rule of `.sops.yaml`. Without recipients it is for the key at hand. */
export type CreationRule = Readonly<Record<string, unknown>>;

export interface Edit {
  /** Arguments after the name. */
  after?: readonly string[];
  rule?: CreationRule;
}

/** The program sops in a folder of its own, with one key. */
export interface Sops {
  identity: Identity;
  /** Another key. Files that are encrypted for it alone cannot be decrypted here. */
  other: Identity;
  /** Encrypts a plain file under a name, which says its format, by a creation rule; gives the encrypted text. */
  encrypt(name: string, plain: string | Uint8Array, rule?: CreationRule): Promise<string>;
  /** `sops COMMAND… NAME` on a file with that text; gives the text of the file afterwards. */
  edit(name: string, text: string, command: readonly string[], more?: Edit): Promise<string>;
  decrypt(name: string, text: string): Promise<Answer>;
  remove(): Promise<void>;
}

export async function openSops(program: string): Promise<Sops> {
  const root = await mkdtemp(join(tmpdir(), 'hf-sops-'));
  const [identity, other] = [await generateIdentity(), await generateIdentity()];
  await writeFile(join(root, 'keys.txt'), keyFileText(identity));
  const env = { PATH: process.env.PATH, HOME: root, SOPS_AGE_KEY_FILE: join(root, 'keys.txt') };
  /** Each call has a folder of its own, so that several may run at once. */
  const folderWith = async (name: string, content: string | Uint8Array, rule: CreationRule = {}): Promise<string> => {
    const folder = await mkdtemp(join(root, 'call-'));
    await writeFile(join(folder, name), content);
    const recipients = 'key_groups' in rule ? {} : { age: identity.recipient };
    await writeFile(join(folder, '.sops.yaml'), JSON.stringify({ creation_rules: [{ ...recipients, ...rule }] }));
    return folder;
  };
  const sops = async (cwd: string, args: readonly string[]): Promise<Buffer> =>
    (await run(program, [...args], { cwd, env, encoding: 'buffer', maxBuffer: 64 * 1024 * 1024 })).stdout;
  return {
    identity,
    other,
    async encrypt(name, plain, rule) {
      const folder = await folderWith(name, plain, rule);
      await sops(folder, ['encrypt', '--in-place', name]);
      return readFile(join(folder, name), 'utf8');
    },
    async edit(name, text, command, { after = [], rule } = {}) {
      const folder = await folderWith(name, text, rule);
      await sops(folder, [...command, name, ...after]);
      return readFile(join(folder, name), 'utf8');
    },
    async decrypt(name, text) {
      const folder = await folderWith(name, text);
      try {
        return { output: await sops(folder, ['decrypt', name]) };
      } catch (error) {
        return { refusal: String((error as { stderr?: Buffer }).stderr ?? error) };
      }
    },
    remove: () => rm(root, { recursive: true, force: true }),
  };
}
