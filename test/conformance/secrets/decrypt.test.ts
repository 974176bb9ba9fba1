import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { load } from 'js-yaml';
import { checkSops, decryptSops } from '../../../src/secrets/decrypt-sops.ts';
import { equalEncrypted } from '../../../src/secrets/equal-encrypted.ts';
import { plainFile } from '../../../src/secrets/plain.ts';
import { parseSops, type SopsFile } from '../../../src/secrets/sops-file.ts';
import { sealedFile } from '../../support/secrets/sealed-file.ts';
import { openSops, type Sops } from '../../support/secrets/sops.ts';
import { RULES, SAMPLES } from './samples.ts';

const program = process.env.SOPS_PEER ?? '';

(existsSync(program) ? describe : describe.skip)('files of sops, beside the program', () => {
  let sops: Sops;
  beforeAll(async () => {
    sops = await openSops(program);
  });
  afterAll(() => sops.remove());

  const parsed = (name: string, text: string): SopsFile => {
    const file = parseSops(Buffer.from(text), name);
    if (!file) throw new Error(`${name} is no file of sops`);
    return file;
  };
  const ours = async (name: string, text: string): Promise<Buffer> =>
    plainFile(await decryptSops(parsed(name, text), [sops.identity]));
  const expectSame = async (name: string, text: string): Promise<void> => {
    const theirs = await sops.decrypt(name, text);
    if ('refusal' in theirs) throw new Error(theirs.refusal);
    const own = await ours(name, text);
    // Texts show where they differ.
    expect(own.toString('latin1')).toBe(theirs.output.toString('latin1'));
  };

  describe.each(RULES.map((rule) => [JSON.stringify(rule), rule] as const))('%s', (_, rule) => {
    const samples = SAMPLES.filter(({ name }) => Object.keys(rule).length === 0 || /^all|^minus|^text/.test(name));
    test.each(samples.map((sample) => [sample.name, sample] as const))(
      '%s decrypts to the same bytes',
      async (name, { plain, isFragile }) => {
        const text = await sops.encrypt(name, plain, rule);
        if (isFragile && 'refusal' in (await sops.decrypt(name, text)))
          await expect(ours(name, text)).rejects.toThrow('the MAC');
        else await expectSame(name, text);
        await checkSops(parsed(name, text));
      },
    );
  });

  test.each(SAMPLES.flatMap(({ name, plain, place }) => (place ? [[name, plain, place] as const] : [])))(
    '%s, edited by sops',
    async (name, plain, place) => {
      const before = await sops.encrypt(name, plain);
      const set = await sops.edit(name, before, ['set'], { after: [place, '"another text"'] });
      await expectSame(name, set);
      expect(equalEncrypted(parsed(name, before), parsed(name, set))).toBe(false);

      const more = await sops.edit(name, before, ['rotate', '--in-place', '--add-age', sops.other.recipient]);
      await expectSame(name, more);
      expect(parsed(name, more).metadata.recipients.sort()).toEqual(
        [sops.identity.recipient, sops.other.recipient].sort(),
      );
      expect(equalEncrypted(parsed(name, before), parsed(name, more))).toBe(false);
      expect(equalEncrypted(parsed(name, before), parsed(name, before))).toBe(true);
    },
  );

  test('comments below the last item of a list stay there, and sops moves them', async () => {
    const plain =
      '# a\nlist:\n    - 1 # b\n    - - 2\n      # c\n    # d\nmap:\n    x: 1\n    # e\ny: # f\n    z: 1\n# g\n';
    const text = await sops.encrypt('a.yaml', plain);
    const theirs = await sops.decrypt('a.yaml', text);
    const own = (await ours('a.yaml', text)).toString();
    const withoutComments = (yaml: string): string[] => yaml.split('\n').filter((line) => !/^ *(#|$)/.test(line));
    expect(withoutComments(own)).toEqual('output' in theirs && withoutComments(theirs.output.toString()));
    expect(own.match(/#.*/g)).toEqual(['# a', '# b', '# c', '# d', '# e', '# f', '# g']);
  });

  test('a file that people laid out in another way', async () => {
    const plain = '# c\na: x\nlist:\n    - y\n    - z\nm: {k: [1, 2]}\np_unencrypted: {t: 2001-01-01}\n';
    const text = await sops.encrypt('a.yaml', plain);
    const value = /^(\s*(?:- |\w+: ))(ENC\[.*\])$/gm;
    for (const other of [
      text.replaceAll('\n', '\r\n'),
      text.replace(value, '$1"$2"'),
      text.replace(value, "$1'$2'"),
      text.replace(value, (_, head: string, one: string) => `${head}>-\n${' '.repeat(head.length)}${one}`),
      text.replace('list:\n    - ', 'list:\n- ').replace('\n    - ENC', '\n- ENC'),
      text.replace(/^a: /m, 'a: !!str '),
      `\uFEFF${text}`,
      `%YAML 1.1\n---\n${text}...\n`,
      JSON.stringify(load(text), undefined, 1),
    ]) {
      expect(other).not.toBe(text);
      await expectSame('a.yaml', other);
    }
  });

  test('sops decrypts the files that other tests make without it', async () => {
    for (const [name, plain] of [
      ['a.yaml', '# c\na: x\nl: [1, 2.5, true, null, ""]\np_unencrypted: y\n---\nb: 2001-01-01\n'],
      ['a.json', '{"a": {"b": [1, "x"]}}'],
      ['a.env', '#c\nA=x\nB=\n'],
    ] as const) {
      await expectSame(
        name,
        await sealedFile(name, plain, { recipients: [sops.identity.recipient], macOnlyEncrypted: true }),
      );
      await expectSame(
        name,
        await sealedFile(name, plain, { recipients: [sops.other.recipient, sops.identity.recipient] }),
      );
    }
  });

  test('`sops updatekeys` leaves a file equal', async () => {
    const before = await Promise.all(SAMPLES.map(({ name, plain }) => sops.encrypt(name, plain)));
    const rule = { age: `${sops.identity.recipient},${sops.other.recipient}` };
    for (const [index, { name }] of SAMPLES.entries()) {
      const text = before[index] ?? '';
      const after = await sops.edit(name, text, ['updatekeys', '--yes'], { rule });
      expect(after).not.toBe(text);
      expect(equalEncrypted(parsed(name, text), parsed(name, after))).toBe(true);
      expect(parsed(name, after).metadata.recipients).toHaveLength(2);
      await expectSame(name, after);
    }
  });

  test('a data key that is split over key groups', async () => {
    const own = { age: [sops.identity.recipient] };
    const other = { age: [sops.other.recipient] };
    for (const [threshold, groups, isEnough] of [
      [2, [own, other, own], true],
      [3, [own, own, own, other], true],
      [2, [own, other], false],
    ] as const) {
      for (const name of ['a.yaml', 'a.json', 'a.env', 'a.ini']) {
        const plain =
          { 'a.yaml': 'a: 1\n', 'a.json': '{"a": 1}', 'a.env': 'a=1\n', 'a.ini': '[s]\na = 1\n' }[name] ?? '';
        const text = await sops.encrypt(name, plain, { shamir_threshold: threshold, key_groups: groups });
        if (isEnough) await expectSame(name, text);
        else {
          expect(await sops.decrypt(name, text)).toEqual({ refusal: expect.any(String) });
          await expect(ours(name, text)).rejects.toThrow('needs keys of 2 of its key groups');
          await expect(decryptSops(parsed(name, text), [sops.identity, sops.other])).resolves.toBeDefined();
        }
      }
    }
  });
});
