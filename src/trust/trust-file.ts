import { createHash } from 'node:crypto';
import { InputError, messageOf, type Position, type Problem } from '../lib/errors.ts';
import { entryOf, type YamlNode } from '../yaml/node.ts';
import { parseYaml } from '../yaml/parse.ts';
import { parseAllowedSigner, parseTime } from './signature/allowed-signers.ts';
import { readOpenPgpKeys } from './signature/openpgp.ts';
import type { BeaconRule, Signer, Trust, TrustMode, Validity } from './trust.ts';
import { NAMESPACE, normalFingerprint } from './trust.ts';

/** Finds problems of a document by schemas/trust.schema.json; an argument, since the schemas belong to the fleet layer. */
export type SchemaCheck = (root: YamlNode) => Promise<Problem[]>;

/** Reads a trust.yaml. Throws InputError with the position of each problem. */
export async function parseTrust(text: string, file: string, check: SchemaCheck): Promise<Trust> {
  const root = parseYaml(text, file);
  if (!root) throw InputError.at({ file, line: 1, column: 1 }, 'the file is empty; a Trust document is expected');
  const problems = await check(root);
  if (problems.length > 0) throw new InputError(problems);
  for (const [key, value] of [
    ['apiVersion', 'holdfast/v1'],
    ['kind', 'Trust'],
  ] as const) {
    const node = entryOf(root, key)?.value;
    if (textOf(node) !== value) throw InputError.at(node?.at ?? root.at, `${key} must be ${value}`);
  }
  const spec = entryOf(root, 'spec')?.value;
  if (!spec) throw InputError.at(root.at, '`spec` is missing', 'it says who may sign, below `signers`');
  return new Reader(spec, createHash('sha256').update(text).digest('hex')).trust();
}

class Reader {
  readonly #spec: YamlNode;
  readonly #problems: Problem[] = [];

  readonly #digest: string;

  constructor(spec: YamlNode, digest: string) {
    this.#spec = spec;
    this.#digest = digest;
  }

  async trust(): Promise<Trust> {
    const get = (key: string): YamlNode | undefined => entryOf(this.#spec, key)?.value;
    const signers: Signer[] = [];
    for (const node of items(get('signers'))) {
      const signer = await this.#signer(node);
      if (!signer) continue;
      if (signers.some(({ name }) => name === signer.name))
        this.#add(
          node.at,
          `there are two signers ${signer.name}`,
          'give one of them another name, or put their keys together',
        );
      this.#requireOwnKeys(signer, signers, node.at);
      signers.push(signer);
    }
    const verify = textOf(get('verify')) === 'every' ? 'every' : 'head';
    const threshold = numberOf(get('threshold'), 1);
    const trust: Trust = {
      version: numberOf(get('version'), 1),
      digest: this.#digest,
      mode: (textOf(get('mode')) ?? 'enforce') as TrustMode,
      verify,
      threshold,
      anchor: textOf(get('anchor')),
      signers,
      revoked: this.#revoked(items(get('revoked'))),
      beacon: (textOf(get('beacon')) ?? 'optional') as BeaconRule,
    };
    this.#requireUse(trust, get('threshold')?.at);
    if (this.#problems.length > 0) throw new InputError(this.#problems);
    return trust;
  }

  async #signer(node: YamlNode): Promise<Signer | undefined> {
    const lines = items(entryOf(node, 'ssh')?.value).flatMap((line) => {
      const text = textOf(line) ?? '';
      const read = this.#read(line.at, 'this allowed signers line cannot be used', () => parseAllowedSigner(text));
      return read ? [read] : [];
    });
    const pgpNode = entryOf(node, 'pgp')?.value;
    const pgp = pgpNode ? await this.#pgp(pgpNode) : [];
    const name = textOf(entryOf(node, 'name')?.value) ?? lines[0]?.principals ?? '';
    if (!entryOf(node, 'ssh') && !pgpNode) this.#add(node.at, 'the signer has no key', 'give it `ssh` or `pgp`');
    else if (name === '' && lines.length + pgp.length > 0)
      this.#add(node.at, 'the signer has no name', 'give it a `name`');
    const paths = items(entryOf(node, 'paths')?.value).map((path) => textOf(path) ?? '');
    return {
      name,
      ssh: lines.map(({ principals: _, ...key }) => key),
      pgp,
      paths: paths.length > 0 ? paths : undefined,
      ...this.#validity(node),
    };
  }

  /** Two signers with one key would count as two, although one person can sign as both. */
  #requireOwnKeys(signer: Signer, before: readonly Signer[], at: Position): void {
    for (const other of before) {
      const shared = fingerprintsOf(signer).find((each) => fingerprintsOf(other).includes(each));
      if (shared !== undefined && other.name !== signer.name)
        this.#add(at, `${signer.name} has the key ${shared}, which is ${other.name}'s`, 'a key belongs to one signer');
    }
  }

  async #pgp(node: YamlNode) {
    try {
      return await readOpenPgpKeys(textOf(node) ?? '');
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      this.#add(node.at, `this OpenPGP key cannot be used: ${error.message}`);
      return [];
    }
  }

  #validity(node: YamlNode): Validity {
    const validity: Validity = {};
    for (const key of ['validAfter', 'validBefore'] as const) {
      const value = entryOf(node, key)?.value;
      if (!value) continue;
      const time = parseTime(textOf(value) ?? '');
      if (time === undefined) this.#add(value.at, `${key} is not a date of the calendar`);
      else validity[key] = time;
    }
    return validity;
  }

  #revoked(nodes: readonly YamlNode[]): Set<string> {
    const revoked = new Set<string>();
    for (const node of nodes) {
      const fingerprint = normalFingerprint(textOf(node) ?? '');
      if (fingerprint !== undefined) revoked.add(fingerprint);
      else
        this.#add(
          node.at,
          'this is not the fingerprint of a key',
          'SHA256:… as `ssh-keygen -l` prints it, or 40 hexadecimal digits as `gpg --fingerprint` does',
        );
    }
    return revoked;
  }

  /** A document that refuses every commit is a mistake. */
  #requireUse(trust: Trust, thresholdAt: Position | undefined): void {
    const isRevoked = (fingerprints: readonly string[]): boolean =>
      fingerprints.some((each) => trust.revoked.has(each));
    const free = trust.signers.filter(
      ({ paths, ssh, pgp }) =>
        paths === undefined &&
        (ssh.some(
          ({ key, namespaces }) => !isRevoked([key.fingerprint]) && (namespaces?.includes(NAMESPACE.git) ?? true),
        ) ||
          pgp.some((key) => !isRevoked(key.fingerprints))),
    ).length;
    if (free < trust.threshold) {
      const who = free === 1 ? 'one signer' : `${free} signers`;
      this.#add(
        thresholdAt ?? this.#spec.at,
        `the threshold is ${trust.threshold}, and only ${who} may sign for all paths: nobody could change trust.yaml any more`,
      );
    }
    const limited = trust.signers.find(({ paths }) => paths !== undefined);
    if (limited && trust.verify === 'head' && this.#problems.length === 0) {
      this.#add(
        this.#spec.at,
        `${limited.name} is limited to paths, which can only be verified commit by commit`,
        'set `verify: every`',
      );
    }
  }

  #read<T>(at: Position, what: string, read: () => T): T | undefined {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      this.#add(at, `${what}: ${messageOf(error)}`);
      return undefined;
    }
  }

  #add(at: Position, message: string, hint?: string): void {
    this.#problems.push({ at, message, hint });
  }
}

const fingerprintsOf = ({ ssh, pgp }: Signer): string[] => [
  ...ssh.map(({ key }) => key.fingerprint),
  ...pgp.flatMap(({ fingerprints }) => fingerprints),
];
const items = (node: YamlNode | undefined): YamlNode[] => (node?.kind === 'sequence' ? node.items : []);
const textOf = (node: YamlNode | undefined): string | undefined => (node?.kind === 'scalar' ? node.raw : undefined);
const numberOf = (node: YamlNode | undefined, fallback: number): number =>
  node?.kind === 'scalar' && typeof node.value === 'number' ? node.value : fallback;
