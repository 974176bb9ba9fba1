import { beforeAll, describe, expect, test } from '@jest/globals';
import { generateIdentity, type Identity } from '../../../src/secrets/crypt/identity.ts';
import { parseSops, type SopsFile } from '../../../src/secrets/sops-file.ts';
import { entriesOf } from '../../../src/secrets/tree.ts';
import { sealedFile } from '../../support/secrets/sealed-file.ts';

const parse = (text: string, path = 'a.yaml'): SopsFile | undefined => parseSops(Buffer.from(text), path);
const MAC = 'ENC[AES256_GCM,data:YQ==,iv:YQ==,tag:YQ==,type:str]';
const meta = (rest: string, mac = `mac: ${MAC}`): string =>
  `a: 1\nsops:\n  lastmodified: "2026-01-02T03:04:05Z"\n  ${mac}\n${rest}`;
const AGE = '  age:\n  - {recipient: age1x, enc: y}\n';

describe('a file that is not of sops', () => {
  test.each([
    ['a.yaml', 'a: 1\n'],
    ['a.yaml', 'a: "sops: ENC[ is a text here"\n'],
    ['a.yaml', '- sops\n- ENC[\n'],
    ['a.json', '{"sop": "ENC[ sops"}'],
    ['a.env', 'SOPS=ENC[sops\n'],
    ['a.ini', '[a]\nb = sops ENC[\n'],
    ['a.bin', '\x00\xffENC[sops'],
    ['a.txt', 'about sops and ENC['],
    ['a.json', '["sops", "ENC["]'],
    ['a.txt', `${'x'.repeat(2_000_000)}sops ENC[`],
  ])('%s: %.40j', (path, text) => expect(parse(text, path)).toBeUndefined());
});

describe('a file of sops', () => {
  let identity: Identity;
  beforeAll(async () => {
    identity = await generateIdentity();
  });

  test.each([
    ['a.yaml', 'yaml'],
    ['a.yml', 'yaml'],
    ['a.json', 'json'],
    ['a.env', 'dotenv'],
  ])('%s is %s, and its metadata is apart', async (name, format) => {
    const text = await sealedFile(name, format === 'dotenv' ? 'A=x\n' : '{"A": "x"}', {
      recipients: [identity.recipient],
    });
    const file = parse(text, `secrets/${name}`);
    expect(file).toMatchObject({
      format,
      metadata: {
        recipients: [identity.recipient],
        rule: { by: 'unencrypted_suffix', text: '_unencrypted' },
        macOnlyEncrypted: false,
        lastModified: '2026-01-02T03:04:05Z',
        version: '3.11.0',
        threshold: 1,
      },
    });
    expect(file?.documents.flatMap(entriesOf).map(({ key }) => key)).toEqual(['A']);
  });

  test.each([
    ['a.yaml', '{"A": "x"}', 'yaml'],
    ['a.json', '{"A": "x"}', 'json'],
    ['a.json', '{"data": "x"}', 'binary'],
    ['a.env', 'A=x\n', 'dotenv'],
  ])('the content of %s, %s, under a name that says nothing', async (name, plain, format) => {
    const text = await sealedFile(name, plain, { recipients: [identity.recipient] });
    expect(parse(text, 'secrets/app.enc')?.format).toBe(format);
  });

  test('an INI file by its content', () => {
    const text = `[a]\nb = ${MAC}\n[sops]\nmac = ${MAC}\nlastmodified = 2026-01-02T03:04:05Z\nage__list_0__map_recipient = age1x\nage__list_0__map_enc = a\\nb\n`;
    const file = parse(text, 'app.conf');
    expect(file?.format).toBe('ini');
    expect(file?.metadata.groups).toEqual([{ age: [{ recipient: 'age1x', sealed: 'a\nb' }], others: [] }]);
  });
});

describe('keys', () => {
  test('other kinds beside age are named and not used', () => {
    const file = parse(meta(`${AGE}  pgp: [{fp: x}]\n  kms: []\n  hc_vault: null\n`));
    expect(file?.metadata.groups).toEqual([{ age: [{ recipient: 'age1x', sealed: 'y' }], others: ['pgp'] }]);
  });

  test.each([
    [
      '  pgp: [{fp: x}]\n  kms: [{arn: x}]\n',
      'a.yaml:3:3: the file has no age recipient; its other keys (kms, pgp) cannot be used here',
    ],
    [
      '  key_groups:\n  - age: [{recipient: a, enc: b}]\n  - pgp: [{fp: x}]\n',
      'only 1 of its 2 key groups have an age recipient, and 2 are needed',
    ],
    ['  version: 1\n', 'the file names no key that can open it'],
    ['  age: x\n', 'a.yaml:5:8: sops.age is not a list'],
    ['  age: [x]\n', 'a.yaml:5:9: a key in sops.age lacks its recipient or its enc'],
  ])('%j: %s', (rest, message) => expect(() => parse(meta(rest))).toThrow(message));

  test('a group without age does not matter where the others suffice', () => {
    const group = '  - age: [{recipient: a, enc: b}]\n';
    const file = parse(meta(`  shamir_threshold: 2\n  key_groups:\n${group}  - pgp: [{fp: x}]\n${group}`));
    expect(file?.metadata).toMatchObject({ threshold: 2, recipients: ['a'] });
  });
});

describe('broken metadata', () => {
  test.each([
    [meta(AGE, 'mac: ""\n  x: ENC['), 'the file has no MAC'],
    [meta(AGE).replace('2026-', '26-'), 'a.yaml:3:18: sops.lastmodified is no time'],
    [meta(`${AGE}  encrypted_regex: a\n  encrypted_suffix: b\n`), 'this one has encrypted_suffix and encrypted_regex'],
    [meta(`${AGE}  shamir_threshold: many\n`), 'sops.shamir_threshold is no count'],
    ['a: 1\nsops: "ENC["\n', 'a.yaml:2:1: the entry of sops is not a mapping'],
    [`${meta(AGE)}sops: {}\n`, 'this key is there twice'],
    [`${meta(AGE)}1: 2\n`, 'a key must be a text'],
    [`${meta(AGE)}a:\n- b: [\n`, 'this is not valid YAML'],
    [`${meta(AGE)}${'- '.repeat(99)}x\n`, 'a.yaml'],
  ])('%j', (text, message) => {
    expect(() => parse(text)).toThrow(message);
  });

  test('names of flat metadata that contradict each other', () => {
    const text = `sops_mac=${MAC}\nsops_age__list_0=x\nsops_age__list_0__map_enc=y\n`;
    expect(() => parse(text, 'a.env')).toThrow('a.env:2:1: this name in the metadata of sops contradicts another one');
    const gap = `sops_mac=${MAC}\nsops_age__list_1__map_enc=y\n`;
    expect(() => parse(gap, 'a.env')).toThrow('contradicts');
  });

  test('names that every object has are names like others', () => {
    const file = parse(meta(AGE).replace('a: 1', 'toString: 1\n__proto__: 2'));
    expect(file?.documents.flatMap(entriesOf).map(({ key }) => key)).toEqual(['toString', '__proto__']);
  });
});

describe('limits', () => {
  test('a file of over 1 MB', () => {
    expect(() => parse(`${meta(AGE)}b: ${'x'.repeat(1024 * 1024)}\n`)).toThrow(
      'a.yaml:1:1: the file is larger than 1 MB',
    );
  });
  test('an alias bomb', () => {
    const levels = Array.from(
      { length: 20 },
      (_, level) => `b${level}: &b${level} [${level ? `*b${level - 1}, *b${level - 1}, *b${level - 1}` : 'x'}]`,
    );
    expect(() => parse(`${levels.join('\n')}\n${meta(AGE)}`)).toThrow('has over 50000 nodes');
  });
  test('deep JSON', () => {
    expect(() => parse(`{"a": ${'['.repeat(5000)}${']'.repeat(5000)}, "sops": "ENC["}`, 'a.json')).toThrow(
      'nested more than 64 levels deep',
    );
  });
  test('many JSON values', () => {
    expect(() => parse(`{"a": [${'1,'.repeat(60_000)}1], "sops": "ENC["}`, 'a.json')).toThrow('over 50000 values');
  });
});
