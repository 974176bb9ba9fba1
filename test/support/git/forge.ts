import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { objectId } from '../../../src/git/objects/git-object.ts';
import { SourceError } from '../../../src/lib/errors.ts';
import { signSsh, sshPublicBlob } from '../../../src/trust/signature/ssh-sign.ts';
import type { Trust } from '../../../src/trust/trust.ts';
import type { Evidence } from '../../../src/trust/verify/verification.ts';

/** Someone with an Ed25519 key in memory. */
export interface Person {
  name: string;
  /** As in a .pub file. */
  line: string;
  key: KeyObject;
}

export function person(name: string): Person {
  const { privateKey } = generateKeyPairSync('ed25519');
  return { name, key: privateKey, line: `ssh-ed25519 ${sshPublicBlob(privateKey).toString('base64')} ${name}` };
}

export interface Forged {
  files?: Record<string, string>;
  parents?: readonly string[];
  by?: Person | undefined;
  message?: string;
  /** Seconds since 1970. */
  time?: number;
}

/** A Git repo in memory, of true objects with true IDs and signatures, that counts what it is asked for. */
export class Forge implements Evidence {
  readonly commits = new Map<string, { content: Buffer; files: Record<string, string>; parents: readonly string[] }>();
  readonly tags = new Map<string, Buffer>();
  readonly asked: string[] = [];
  readTrust: (text: string, current: Trust) => Promise<Trust> = () =>
    Promise.reject(new Error('no trust.yaml expected'));

  commit({ files = {}, parents = [], by, message = 'Change\n', time = 1_767_225_600 }: Forged = {}): string {
    const tree = objectId({ type: 'tree', content: Buffer.from(JSON.stringify(Object.entries(files).sort())) });
    const who = `${by?.name ?? 'Nobody'} <who@example.org> ${time} +0000`;
    const head = `tree ${tree}\n${parents.map((oid) => `parent ${oid}\n`).join('')}author ${who}\ncommitter ${who}\n`;
    const payload = `${head}\n${message}`;
    const signature = by && signSsh(by.key, Buffer.from(payload), 'git').trimEnd().replaceAll('\n', '\n ');
    const content = Buffer.from(signature ? `${head}gpgsig ${signature}\n\n${message}` : payload);
    const oid = objectId({ type: 'commit', content });
    this.commits.set(oid, { content, files, parents });
    return oid;
  }

  tag(
    name: string,
    object: string,
    by?: Person,
    { namespace = 'git', message = `${name}\n`, time = 1_767_225_600 } = {},
  ): string {
    const payload = `object ${object}\ntype commit\ntag ${name}\ntagger T <t@example.org> ${time} +0000\n\n${message}`;
    const content = Buffer.from(by ? `${payload}${signSsh(by.key, Buffer.from(payload), namespace)}` : payload);
    const oid = objectId({ type: 'tag', content });
    this.tags.set(oid, content);
    return oid;
  }

  async history(tip: string, known: readonly string[]) {
    this.asked.push(`history ${tip.slice(0, 6)}`);
    const left = new Set<string>();
    for (const oid of known) for (const one of this.#ancestors(oid)) left.add(one);
    const found = [...this.#ancestors(tip)].filter((oid) => !left.has(oid));
    if (found.length === 0) throw new SourceError('notFound', `The Git server did not send commit ${tip}`);
    return found.map((oid) => ({ oid, content: async () => this.#content(oid) }));
  }

  async object(oid: string, type: 'commit' | 'tag') {
    this.asked.push(`${type} ${oid.slice(0, 6)}`);
    if (type === 'commit') return this.#content(oid);
    const content = this.tags.get(oid);
    if (!content) throw new SourceError('notFound', `there is no tag ${oid}`);
    return content;
  }

  folder = async (commit: string, path: string) => {
    this.asked.push(`folder ${commit.slice(0, 6)} ${path}`);
    const prefix = path === '' ? '' : `${path}/`;
    const below = Object.entries(this.commits.get(commit)?.files ?? {}).filter(([name]) => name.startsWith(prefix));
    const entries = new Map<string, string>();
    for (const [name] of below) {
      const [first = '', ...rest] = name.slice(prefix.length).split('/');
      const inside = below.filter(([other]) => other === `${prefix}${first}` || other.startsWith(`${prefix}${first}/`));
      entries.set(
        first,
        `${rest.length > 0 ? 'dir' : 'file'} ${objectId({ type: 'x', content: Buffer.from(JSON.stringify(inside)) })}`,
      );
    }
    return path === '' || below.length > 0 ? entries : undefined;
  };

  async trustAt(commit: string, current: Trust) {
    const text = this.commits.get(commit)?.files['trust.yaml'];
    return text === undefined ? undefined : this.readTrust(text, current);
  }

  #content(oid: string): Buffer {
    const found = this.commits.get(oid);
    if (!found) throw new SourceError('notFound', `there is no commit ${oid}`);
    return found.content;
  }

  *#ancestors(tip: string): Iterable<string> {
    const seen = new Set<string>();
    const open = [tip];
    for (let oid = open.pop(); oid !== undefined; oid = open.pop()) {
      if (seen.has(oid)) continue;
      seen.add(oid);
      yield oid;
      open.push(...(this.commits.get(oid)?.parents ?? []));
    }
  }
}
