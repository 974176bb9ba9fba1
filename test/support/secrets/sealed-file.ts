import { createCipheriv, createHash, randomBytes } from 'node:crypto';
import { armor, Encrypter } from 'age-encryption';
import { coveredBytes } from '../../../src/secrets/crypt/cipher.ts';
import { openRule } from '../../../src/secrets/crypt/rules.ts';
import { walk } from '../../../src/secrets/crypt/walk.ts';
import { readDotenv, writeDotenv } from '../../../src/secrets/formats/dotenv.ts';
import { readJson, writeJson } from '../../../src/secrets/formats/json.ts';
import { readYaml } from '../../../src/secrets/formats/yaml-read.ts';
import { writeYaml } from '../../../src/secrets/formats/yaml-write.ts';
import type { Rule } from '../../../src/secrets/metadata.ts';
import type { Comment, Entry, Mapping, Scalar, Value } from '../../../src/secrets/tree.ts';

interface SealOptions {
  recipients: readonly string[];
  rule?: Rule;
  macOnlyEncrypted?: boolean;
  /** For the same encrypted texts in two files. */
  dataKey?: Uint8Array;
  /** Bytes for the vector of each value. */
  random?: (size: number) => Uint8Array;
}

/**
 * A file as sops encrypts it, for tests on machines that have no sops. The name says the format, YAML, JSON or dotenv. test/conformance/secrets
 * lets sops decrypt such files.
 */
export async function sealedFile(name: string, plain: string, options: SealOptions): Promise<string> {
  const { recipients, macOnlyEncrypted = false, dataKey = randomBytes(32), random = randomBytes } = options;
  const rule = options.rule ?? { by: 'unencrypted_suffix', text: '_unencrypted' };
  const format = /\.(?:env|json|ya?ml)$/.exec(name)?.[0];
  const documents =
    format === '.env' ? readDotenv(plain, name) : format === '.json' ? readJson(plain, name) : readYaml(plain, name);
  const at = () => ({ file: name, line: 1, column: 1 });
  const matches = await openRule(rule, at());
  const hash = createHash('sha512');
  if (macOnlyEncrypted) hash.update(createHash('sha256').update('sops').digest());
  const encrypt = (bytes: Uint8Array, type: string, boundTo: string): string => {
    const iv = random(32);
    const cipher = createCipheriv('aes-256-gcm', dataKey, iv, { authTagLength: 16 });
    cipher.setAAD(Buffer.from(boundTo));
    const data = Buffer.concat([cipher.update(bytes), cipher.final()]);
    const [data64, iv64, tag64] = [data, iv, cipher.getAuthTag()].map((part) => Buffer.from(part).toString('base64'));
    return `ENC[AES256_GCM,data:${data64},iv:${iv64},tag:${tag64},type:${type}]`;
  };
  const sealed = documents.map((document) =>
    walk(document, at, (leaf, place): Scalar | Comment => {
      const isEncrypted = matches(place);
      const covered = leaf.kind === 'comment' ? Buffer.from(leaf.text) : coveredBytes(leaf);
      if (leaf.kind !== 'comment' && (isEncrypted || !macOnlyEncrypted)) hash.update(covered);
      if (!isEncrypted || covered.length === 0) return leaf;
      const text = encrypt(covered, leaf.kind === 'text' ? 'str' : leaf.kind, `${place.path.join(':')}:`);
      return leaf.kind === 'comment' ? { ...leaf, text } : { kind: 'text', text, offset: 0 };
    }),
  );
  const lastModified = '2026-01-02T03:04:05Z';
  const age = await Promise.all(
    recipients.map(async (recipient) => {
      const encrypter = new Encrypter();
      encrypter.addRecipient(recipient);
      return { recipient, enc: armor.encode(await encrypter.encrypt(dataKey)) };
    }),
  );
  const mac = encrypt(Buffer.from(hash.digest('hex').toUpperCase()), 'str', lastModified);
  const rules = { [rule.by]: rule.text, ...(macOnlyEncrypted ? { mac_only_encrypted: true } : {}) };
  const meta = treeOf({ age, lastmodified: lastModified, mac, ...rules, version: '3.11.0' });
  const write = format === '.env' ? writeDotenv : format === '.json' ? writeJson : writeYaml;
  const entries = format === '.env' ? flat(meta, 'sops_') : [entry('sops', meta)];
  return write(sealed.map((document) => ({ ...document, entries: [...document.entries, ...entries] }))).toString();
}

const entry = (key: string, value: Value): Entry => ({ kind: 'entry', key, value, offset: 0 });

function treeOf(value: unknown): Value {
  if (Array.isArray(value)) return { kind: 'list', items: value.map(treeOf), offset: 0 };
  if (typeof value === 'boolean') return { kind: 'bool', value, offset: 0 };
  if (typeof value !== 'object' || value === null) return { kind: 'text', text: String(value), offset: 0 };
  return { kind: 'map', entries: Object.entries(value).map(([key, one]) => entry(key, treeOf(one))), offset: 0 };
}

/** A tree in names, as `sops_age__list_0__map_recipient`. */
function flat(value: Value, name: string): Entry[] {
  switch (value.kind) {
    case 'map':
      return value.entries.flatMap((one) =>
        one.kind === 'comment' ? [] : flat(one.value, name === 'sops_' ? name + one.key : `${name}__map_${one.key}`),
      );
    case 'list':
      return value.items.flatMap((item, index) =>
        item.kind === 'comment' ? [] : flat(item, `${name}__list_${index}`),
      );
    default:
      return [entry(name, value)];
  }
}

/** A document of texts, for tests. */
export const mapOf = (values: Readonly<Record<string, unknown>>): Mapping => treeOf(values) as Mapping;
