import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import { InputError, type Position } from '../../../lib/errors.ts';
import { APP_LIMITS, inWords } from '../../../lib/limits.ts';
import type { EncryptedFile } from '../../../model/snapshot.ts';
import type { HostFile } from '../../../model/state.ts';
import { encryptedDigest } from '../../../secrets/equal-encrypted.ts';
import { plainFile } from '../../../secrets/plain.ts';
import { parseSops, type SopsFile } from '../../../secrets/sops-file.ts';
import type { AppFolder } from '../../load/files/app-folder.ts';
import type { AppKeys } from '../../load/values/app-keys.ts';
import { asUsed, decryptedVariables, requireSealed } from '../../load/values/decrypted-variables.ts';
import type { Value } from '../../load/values/template.ts';
import { SECRETS_DIR } from '../../load/values/values.ts';

/** A config or secret whose file is encrypted. */
export interface SecretFile {
  file: HostFile;
  /** The digest of its encrypted values. */
  sealed: string;
}

/**
 * The encrypted files of an app. A site decrypts them; each is one file below SECRETS_DIR/APP, whose path tells nothing of the content. A laptop
 * without a key keeps them sealed: their structure is checked, and their content is not known.
 */
export class EncryptedFiles {
  private readonly keys: AppKeys;
  private readonly folder: AppFolder;
  /** Paths of Compose files that lead to an encrypted file. */
  private readonly written = new Set<string>();
  private readonly used = new Map<string, EncryptedFile>();
  private readonly files = new Map<string, SecretFile>();
  /** The bytes of all files of configs and secrets so far, encrypted and decrypted. */
  private bytes = 0;

  /** `used` has the files that gave values to the interpolation. */
  constructor(keys: AppKeys, folder: AppFolder, used: readonly EncryptedFile[]) {
    this.keys = keys;
    this.folder = folder;
    for (const file of used) this.used.set(file.path, file);
  }

  /** The encrypted file at a path of a Compose file; undefined for any other file. Its tree is large, and nothing keeps it. Throws InputError. */
  async find(written: string, at: Position): Promise<SopsFile | undefined> {
    const found = await this.folder.content(written, at);
    const sops = found && parseSops(found.content, found.file);
    if (!sops) return undefined;
    this.written.add(written);
    this.used.set(sops.path, asUsed(sops, at, this.keys));
    return sops;
  }

  /** An encrypted file was found at this path of a Compose file. */
  has(written: string): boolean {
    return this.written.has(written);
  }

  /** The file for a config or secret, if its `file` is encrypted. Throws InputError. */
  async mounted(kind: string, name: string, written: string, at: Position): Promise<SecretFile | undefined> {
    const path = posix.join(this.keys.secretsDir ?? SECRETS_DIR, this.keys.app, `${kind}-${name}`);
    const known = this.files.get(path);
    if (known) return known;
    const sops = await this.find(written, at);
    if (!sops) return undefined;
    if (!/^[\w.-]+$/.test(name)) throw InputError.at(at, `the name of the ${kind} ${name} cannot be that of a file`);
    const sealed = encryptedDigest(sops);
    const made: SecretFile = { file: { path, mode: 0o444, ...(await this.contentOf(sops, path, sealed, at)) }, sealed };
    this.files.set(path, made);
    return made;
  }

  /** The variables of an encrypted env_file, as `decryptedVariables` reads them. */
  variables(
    sops: SopsFile,
    at: Position,
    parse: (text: string) => ReadonlyMap<string, Value>,
  ): Promise<ReadonlyMap<string, Value>> {
    return decryptedVariables(this.keys, sops, at, parse);
  }

  /** A digest of the value of a variable by the key of the site; undefined where nothing is decrypted. */
  digestOfValue(service: string, name: string, value: string): string | undefined {
    const { secrets, app } = this.keys;
    if (!secrets) return undefined;
    return `${secrets.keyId}.${secrets.digest(`${app} ${service} ${name}`, value).slice(0, 32)}`;
  }

  /** All files to write, sorted by path. */
  all(): HostFile[] {
    return [...this.files.values()].map(({ file }) => file).sort((a, b) => (a.path < b.path ? -1 : 1));
  }

  /** All encrypted files that were used, sorted by path. */
  allUsed(): EncryptedFile[] {
    return [...this.used.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
  }

  /** The digests of some of the files: of their content by the key of the site, and of their encrypted values. "" for none. */
  digestOf(files: readonly SecretFile[]): { keyed: string; sealed: string } {
    const { secrets } = this.keys;
    if (files.length === 0) return { keyed: '', sealed: '' };
    const sorted = [...files].sort((a, b) => (a.file.path < b.file.path ? -1 : 1));
    const of = (digest: (each: SecretFile) => string): string =>
      createHash('sha256')
        .update(JSON.stringify(sorted.map((each) => [each.file.path, digest(each)])))
        .digest('hex')
        .slice(0, 32);
    return {
      keyed: secrets ? `${secrets.keyId}.${of(({ file }) => file.digest)}` : '',
      sealed: of(({ sealed }) => sealed),
    };
  }

  private async contentOf(
    sops: SopsFile,
    path: string,
    sealed: string,
    at: Position,
  ): Promise<Pick<HostFile, 'content' | 'digest' | 'secret'>> {
    const { secrets, app, group } = this.keys;
    if (!secrets) {
      await requireSealed(sops, at, this.keys);
      return { content: new Uint8Array(), digest: sealed, secret: 'sealed' };
    }
    const content = plainFile(await secrets.open(app, sops, group));
    this.bytes += sops.bytes + content.byteLength;
    if (this.bytes > APP_LIMITS.files)
      throw InputError.at(at, `the encrypted files of the app are larger than ${inWords(APP_LIMITS.files)}`);
    return { content, digest: secrets.digest(path, content), secret: 'open' };
  }
}
