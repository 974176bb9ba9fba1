import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { InputError } from '../../../src/lib/errors.ts';
import { decryptSops } from '../../../src/secrets/decrypt-sops.ts';
import { plainFile } from '../../../src/secrets/plain.ts';
import { parseSops } from '../../../src/secrets/sops-file.ts';
import { openSops, type Sops } from '../../support/secrets/sops.ts';
import { CHANGES, YAML } from './changes.ts';

const program = process.env.SOPS_PEER ?? '';

(existsSync(program) ? describe : describe.skip)('a file of sops that somebody changed, beside the program', () => {
  let sops: Sops;
  beforeAll(async () => {
    sops = await openSops(program);
  });
  afterAll(() => sops.remove());

  const ours = async (name: string, text: string): Promise<Buffer | string> => {
    try {
      const file = parseSops(Buffer.from(text), name);
      return file ? plainFile(await decryptSops(file, [sops.identity])) : 'no file of sops';
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      return error.message;
    }
  };

  test.each(CHANGES.map((one) => [one.what, one.name, one] as const))('%s (%s)', async (what, name, one) => {
    const before = await sops.encrypt(name, one.plain, one.rule);
    const values = [...before.matchAll(/ENC\[[^\]]*\]/g)].map(([value]) => value);
    const text = one.change(before, values);
    if (what !== 'nothing') expect(text).not.toBe(before);
    const theirs = await sops.decrypt(name, text);
    const own = await ours(name, text);
    expect({ theirs: 'output' in theirs, ours: typeof own !== 'string' }).toEqual({
      theirs: one.accepted || one.onlySops !== undefined,
      ours: one.accepted,
    });
    if (typeof own === 'string') {
      expect(own).not.toMatch(/alpha|beta|gamma|AGE-SECRET|ENC\[/);
    } else if ('output' in theirs) expect(own.toString()).toBe(theirs.output.toString());
  });

  test('a file for another key', async () => {
    const text = await sops.encrypt('a.yaml', YAML, { age: sops.other.recipient });
    expect(await sops.decrypt('a.yaml', text)).toEqual({ refusal: expect.any(String) });
    expect(await ours('a.yaml', text)).toContain(
      `a.yaml is not encrypted for the key here, ${sops.identity.recipient}`,
    );
  });
});
