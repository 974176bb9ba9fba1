import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import * as openpgp from 'openpgp';
import { readOpenPgpKeys } from '../../../src/trust/signature/openpgp.ts';
import type { Trust } from '../../../src/trust/trust.ts';
import { TrustError } from '../../../src/trust/trust-error.ts';
import { attest } from '../../../src/trust/verify/attest.ts';
import { endGpg, pgpKey, piped } from '../../support/git/signing.ts';

const MADE = new Date('2026-03-01T00:00:00Z');
const SIGNED = new Date('2026-04-01T00:00:00Z');
const LATER = Date.UTC(2027, 0, 1);
const DAY = 86_400;
const payload = Buffer.from('tree 1\n\nChange\n');

interface Made {
  armored: string;
  secret: openpgp.PrivateKey;
}
let carol: Made;

async function key(options: Pick<openpgp.KeyOptions, 'keyExpirationTime' | 'subkeys' | 'date'> = {}): Promise<Made> {
  const made = await openpgp.generateKey({
    userIDs: [{ name: 'carol', email: 'carol@example.org' }],
    type: 'ecc',
    curve: 'ed25519Legacy',
    format: 'object',
    date: MADE,
    ...options,
  });
  return { armored: made.publicKey.armor(), secret: made.privateKey };
}

async function sign(by: Made, options: object = {}): Promise<string> {
  const message = await openpgp.createMessage({ binary: payload });
  return openpgp.sign({ message: message as never, signingKeys: by.secret, detached: true, date: SIGNED, ...options });
}

/** The verdict of a site that knows this one key. */
async function said(armored: string, signature: string, now: number | undefined, bytes = payload): Promise<string> {
  const trust: Trust = {
    version: 1,
    digest: '',
    mode: 'enforce',
    verify: 'head',
    threshold: 1,
    signers: [{ name: 'carol', ssh: [], pgp: await readOpenPgpKeys(armored) }],
    revoked: new Set(),
    beacon: 'optional',
  };
  const signed = { signature, payload: bytes };
  try {
    const claim = { what: 'commit 1', signed, namespace: 'git', madeAt: SIGNED.getTime(), now };
    return (await attest(claim, trust)).map(({ signer }) => signer.name).join();
  } catch (error) {
    if (error instanceof TrustError) return `${error.kind}: ${error.message}`;
    throw error;
  }
}

beforeAll(async () => {
  carol = await key();
});

describe('a signature by an OpenPGP key', () => {
  test('is right over what was signed, and over nothing else', async () => {
    const signature = await sign(carol);
    expect(await said(carol.armored, signature, LATER)).toBe('carol');
    expect(await said(carol.armored, signature, undefined)).toBe('carol');
    expect(await said(carol.armored, signature, MADE.getTime() - DAY * 1000)).toBe('carol');
    expect(await said(carol.armored, signature, LATER, Buffer.from('tree 2\n'))).toMatch(
      /^badSignature: the signature of commit 1 by [0-9a-f]{40} is not right: it is over other bytes$/,
    );
    expect(await said((await key()).armored, signature, LATER)).toMatch(/^unknownKey: .* OpenPGP key [0-9A-F]{16}/);
  });

  test('by one that has expired since says so where the time is known, whatever date the signature bears', async () => {
    const dave = await key({ keyExpirationTime: 90 * DAY });
    const signature = await sign(dave);
    expect(await said(dave.armored, signature, SIGNED.getTime() + 1000)).toBe('carol');
    expect(await said(dave.armored, signature, undefined)).toBe('carol');
    expect(await said(dave.armored, signature, LATER)).toMatch(
      /^expired: commit 1 is signed by carol with the OpenPGP key [0-9a-f]{40}, which was no longer valid \(Primary key is expired\)/,
    );
  });

  test('by one that had expired when it was made is refused without a clock as well', async () => {
    const long = await key();
    const short = await openpgp.reformatKey({
      privateKey: long.secret,
      userIDs: [{ name: 'carol' }],
      keyExpirationTime: 10 * DAY,
      date: MADE,
      format: 'object',
    });
    const signature = await sign(long);
    expect(await said(short.publicKey.armor(), signature, undefined)).toMatch(/^expired: /);
  });

  test('by one whose owner revoked it is refused, whenever it was made', async () => {
    const { publicKey } = await openpgp.revokeKey({ key: carol.secret, format: 'object' });
    expect(await said(publicKey.armor(), await sign(carol), undefined)).toMatch(
      /^revoked: .*, which its owner has revoked \(Primary key is revoked\)/,
    );
  });

  test('by one that was retired counts for what it signed before, and for nothing that is new', async () => {
    const { publicKey } = await openpgp.revokeKey({
      key: carol.secret,
      format: 'object',
      date: new Date('2026-06-01T00:00:00Z'),
      reasonForRevocation: { flag: openpgp.enums.reasonForRevocation.keyRetired },
    });
    const signature = await sign(carol);
    expect(await said(publicKey.armor(), signature, undefined)).toBe('carol');
    expect(await said(publicKey.armor(), signature, LATER)).toMatch(/^revoked: /);
  });

  test('by a subkey counts where that may sign, and is named by its fingerprint', async () => {
    const signing = await key({ subkeys: [{ sign: true }] });
    expect(await said(signing.armored, await sign(signing), LATER)).toBe('carol');
    const trusted = await readOpenPgpKeys(signing.armored);
    expect(trusted[0]?.fingerprints).toHaveLength(2);
  });

  test('over a text, or with a demand that nobody knows, is refused', async () => {
    const text = await openpgp.sign({
      message: await openpgp.createMessage({ text: payload.toString() }),
      signingKeys: carol.secret,
      detached: true,
      date: SIGNED,
    });
    expect(await said(carol.armored, text, LATER)).toMatch(/^badSignature: .* it is not over the bytes of a document/);
    const notation = { name: 'demand@example.org', value: Buffer.from('x'), humanReadable: true, critical: true };
    const demanding = await sign(carol, { signatureNotations: [notation] });
    expect(await said(carol.armored, demanding, LATER)).toMatch(
      /^badSignature: .*, which may not sign this \(Unknown critical notation/,
    );
  });

  test('is refused if gpg made it with SHA-1, or if it has expired', async () => {
    const home = await mkdtemp(join(tmpdir(), 'hf-gpg-'));
    try {
      const { armored } = await pgpKey(home, 'carol', 'rsa2048');
      const gpg = (...args: string[]): Promise<string> =>
        piped('gpg', ['--homedir', home, '--batch', '--quiet', '--armor', ...args, '--detach-sign'], payload);
      const now = Date.now();
      expect(await said(armored, await gpg('--digest-algo', 'SHA256'), now)).toBe('carol');
      expect(await said(armored, await gpg('--digest-algo', 'SHA1'), now)).toMatch(
        /^badSignature: .* by an algorithm that is broken \(Insecure message hash algorithm: SHA1\)/,
      );
      const brief = await gpg('--default-sig-expire', '1d');
      expect(await said(armored, brief, now)).toBe('carol');
      expect(await said(armored, brief, now + 2 * DAY * 1000)).toMatch(/^expired: .* \(Signature is expired\)/);
    } finally {
      await endGpg(home);
      await rm(home, { recursive: true, force: true });
    }
  });

  test('is refused where it is no signature of a document, or none at all', async () => {
    for (const text of [
      '-----BEGIN PGP SIGNATURE-----\n\n=aaaa\n-----END PGP SIGNATURE-----\n',
      '-----BEGIN PGP SIGNATURE-----',
    ])
      expect(await said(carol.armored, text, LATER)).toMatch(/^badSignature: the signature of commit 1 cannot be read/);
  });
});
