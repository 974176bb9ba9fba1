import { createPrivateKey, type KeyObject } from 'node:crypto';
import { readTrust } from '../../../src/cli/repo/signing/trust-file.ts';
import { objectId } from '../../../src/git/objects/git-object.ts';
import { signSsh, sshPublicBlob } from '../../../src/trust/signature/ssh-sign.ts';
import type { Trust } from '../../../src/trust/trust.ts';

/** An Ed25519 key that is the same at each run, so that commits are. */
function keyOf(byte: number): KeyObject {
  const pkcs8 = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), Buffer.alloc(32, byte)]);
  return createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' });
}

const KEYS = { author: keyOf(1), stranger: keyOf(2) };

/** A true commit object, signed, and its true ID. */
export function authoredCommit(tree: string, parent: string | undefined, by: keyof typeof KEYS, message = 'Change') {
  const who = `${by} <${by}@example.org> 1767225600 +0000`;
  const head = `tree ${tree}\n${parent ? `parent ${parent}\n` : ''}author ${who}\ncommitter ${who}\n`;
  const payload = `${head}\n${message}\n`;
  const signature = signSsh(KEYS[by], Buffer.from(payload), 'git').trimEnd().replaceAll('\n', '\n ');
  const content = Buffer.from(`${head}gpgsig ${signature}\n\n${message}\n`);
  return { oid: objectId({ type: 'commit', content }), content };
}

/** The trust.yaml of a site that believes the author. */
export function simulatedTrust(): Promise<Trust> {
  const line = `ssh-ed25519 ${sshPublicBlob(KEYS.author).toString('base64')}`;
  const document = { apiVersion: 'holdfast/v1', kind: 'Trust', spec: { signers: [{ name: 'author', ssh: [line] }] } };
  return readTrust(JSON.stringify(document), 'trust.yaml');
}
