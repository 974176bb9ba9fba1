// Over 300 lines: one table.
import type { CreationRule } from '../../support/secrets/sops.ts';

/** A change of the encrypted text. */
export interface Change {
  what: string;
  /** The file ends so. */
  name: string;
  plain: string;
  rule?: CreationRule;
  /** Gets the encrypted values in their order, without the MAC. */
  change: (text: string, values: readonly string[]) => string;
  accepted: boolean;
  /** Only one of the two accepts it, for this reason. */
  onlySops?: string;
}

export const YAML =
  '# a comment\na: alpha\nb: beta\nc:\n    - x\n    # in a list\n    - y\nd_unencrypted: gamma\nn: 12\nempty: ""\n';
const swap = (text: string, a = '', b = ''): string => text.replaceAll(a, '\0').replaceAll(b, a).replaceAll('\0', b);
const yaml = { name: 'a.yaml', plain: YAML } as const;
const only = { mac_only_encrypted: true };

/** Each change that somebody may make to an encrypted file, with the verdict of sops. */
export const CHANGES: readonly Change[] = [
  { ...yaml, what: 'nothing', change: (text) => text, accepted: true },
  { ...yaml, what: 'two values are swapped', change: (text, [, a, b]) => swap(text, a, b), accepted: false },
  {
    ...yaml,
    what: 'a value is copied over another',
    change: (text, [, a = '', b = '']) => text.replace(b, a),
    accepted: false,
  },
  {
    ...yaml,
    what: 'items of a list are swapped',
    change: (text, values) => swap(text, values[3], values[5]),
    accepted: false,
  },
  { ...yaml, what: 'a value is removed', change: (text) => text.replace(/^b: .*\n/m, ''), accepted: false },
  { ...yaml, what: 'a value is emptied', change: (text) => text.replace(/^b: .*$/m, 'b: ""'), accepted: false },
  { ...yaml, what: 'a value is null', change: (text) => text.replace(/^b: .*$/m, 'b: null'), accepted: false },
  { ...yaml, what: 'a value is plain', change: (text) => text.replace(/^b: .*$/m, 'b: beta'), accepted: false },
  { ...yaml, what: 'a value is a number', change: (text) => text.replace(/^b: .*$/m, 'b: 2'), accepted: false },
  { ...yaml, what: 'a key is renamed', change: (text) => text.replace(/^b:/m, 'bb:'), accepted: false },
  {
    ...yaml,
    what: 'a key turns encryption off',
    change: (text) => text.replace(/^b:/m, 'b_unencrypted:'),
    accepted: false,
  },
  {
    ...yaml,
    what: 'entries change places',
    change: (text) => text.replace(/^(a: .*\n)(b: .*\n)/m, '$2$1'),
    accepted: false,
  },
  { ...yaml, what: 'a plain value is changed', change: (text) => text.replace('gamma', 'other'), accepted: false },
  { ...yaml, what: 'a plain value is added', change: (text) => `x_unencrypted: y\n${text}`, accepted: false },
  { ...yaml, what: 'a null is added', change: (text) => `x: null\n${text}`, accepted: true },
  { ...yaml, what: 'an empty text is added', change: (text) => `x: ""\n${text}`, accepted: true },
  {
    ...yaml,
    what: 'a plain value is renamed',
    change: (text) => text.replace('d_unencrypted', 'e_unencrypted'),
    accepted: true,
  },
  { ...yaml, what: 'a comment is replaced', change: (text) => text.replace(/^#ENC.*$/m, '# another'), accepted: true },
  { ...yaml, what: 'a comment is removed', change: (text) => text.replace(/^#ENC.*\n/m, ''), accepted: true },
  {
    ...yaml,
    what: 'a comment in a list becomes an item',
    change: (text, values) => text.replace(values[4] ?? '', (values[4] ?? '').replace('type:comment', 'type:str')),
    accepted: false,
  },
  {
    ...yaml,
    what: 'an item says that it is a comment',
    change: (text, values) => text.replace(values[3] ?? '', (values[3] ?? '').replace('type:str', 'type:comment')),
    accepted: false,
  },
  {
    ...yaml,
    what: 'a value says that it is a comment',
    change: (text) => text.replace(/^(b: .*)type:str/m, '$1type:comment'),
    accepted: false,
  },
  {
    ...yaml,
    what: 'an item becomes a comment',
    change: (text, values) => text.replace(`- ${values[3]}`, `#${values[3]}`),
    accepted: false,
    onlySops: 'sops counts it for the MAC and leaves it out of the list',
  },
  {
    ...yaml,
    what: 'a number says that it is a text',
    change: (text) => text.replace('type:int', 'type:str'),
    accepted: true,
  },
  {
    ...yaml,
    what: 'a text says that it is a number',
    change: (text) => text.replace(/^(b: .*)type:str/m, '$1type:int'),
    accepted: false,
  },
  {
    ...yaml,
    what: 'a text says that it is a boolean',
    change: (text) => text.replace(/^(b: .*)type:str/m, '$1type:bool'),
    accepted: false,
  },
  {
    ...yaml,
    what: 'a type is unknown',
    change: (text) => text.replace(/^(b: .*)type:str/m, '$1type:text'),
    accepted: false,
  },
  {
    ...yaml,
    what: 'a tag is changed',
    change: (text) => text.replace(/^(b: .*tag:)(.)/m, (_, head, one) => `${head}${one === 'A' ? 'B' : 'A'}`),
    accepted: false,
  },
  { ...yaml, what: 'the MAC is removed', change: (text) => text.replace(/^ *mac: .*\n/m, ''), accepted: false },
  { ...yaml, what: 'the MAC is empty', change: (text) => text.replace(/^( *mac:) .*$/m, '$1 ""'), accepted: false },
  {
    ...yaml,
    what: 'the MAC is a value',
    change: (text, [, a]) => text.replace(/^( *mac:) .*$/m, `$1 ${a}`),
    accepted: false,
  },
  {
    ...yaml,
    what: 'the MAC says that it is bytes',
    change: (text) => text.replace(/^( *mac: .*)type:str/m, '$1type:bytes'),
    accepted: false,
  },
  {
    ...yaml,
    what: 'the time is changed',
    change: (text) => text.replace(/lastmodified: "\d{4}/, 'lastmodified: "2020'),
    accepted: false,
  },
  {
    ...yaml,
    what: 'the time has a fraction',
    change: (text) => text.replace(/(lastmodified: ".*)Z"/, '$1.5Z"'),
    accepted: true,
  },
  {
    ...yaml,
    what: 'the time is missing',
    change: (text) => text.replace(/^ *lastmodified: .*\n/m, ''),
    accepted: false,
  },
  {
    ...yaml,
    what: 'the version is changed',
    change: (text) => text.replace(/version: .*/, 'version: 1.0.0'),
    accepted: true,
  },
  {
    ...yaml,
    what: 'the suffix is changed',
    change: (text) => text.replace('suffix: _unencrypted', 'suffix: b'),
    accepted: false,
  },
  {
    ...yaml,
    what: 'the rule is another',
    change: (text) => text.replace(/unencrypted_suffix: .*/, 'encrypted_regex: ^[a-c]$'),
    accepted: false,
  },
  {
    ...yaml,
    what: 'there are two rules',
    change: (text) => text.replace(/unencrypted_suffix: .*/, '$&\n    encrypted_suffix: a'),
    accepted: false,
  },
  {
    ...yaml,
    what: 'the MAC covers less',
    change: (text) => `${text}    mac_only_encrypted: true\n`,
    accepted: false,
  },
  {
    ...yaml,
    what: 'the encrypted data key is cut',
    change: (text) => text.replace(/-----BEGIN[\s\S]*?-----\n.*\n/, ''),
    accepted: false,
  },
  {
    ...yaml,
    what: 'the age keys are removed',
    change: (text) => text.replace(/^ *age:\n( {8}.*\n)*/m, ''),
    accepted: false,
  },
  {
    ...yaml,
    what: 'the metadata is there twice',
    change: (text) => `${text}${text.slice(text.indexOf('\nsops:') + 1)}`,
    accepted: false,
  },
  { ...yaml, what: 'a document is added', change: (text) => `${text}---\nx_unencrypted: y\n`, accepted: false },
  { ...yaml, what: 'an empty document is added', change: (text) => `${text}---\nx: null\n`, accepted: true },
  {
    ...yaml,
    rule: only,
    what: 'a plain value is changed, which the MAC does not cover',
    change: (text) => text.replace('gamma', 'other'),
    accepted: true,
  },
  {
    ...yaml,
    rule: only,
    what: 'a plain value is added, which the MAC does not cover',
    change: (text) => `x_unencrypted: y\n${text}`,
    accepted: true,
  },
  {
    ...yaml,
    rule: only,
    what: 'a plain value is added where one must be encrypted',
    change: (text) => `x: y\n${text}`,
    accepted: false,
  },
  {
    ...yaml,
    rule: only,
    what: 'an empty value gets a text',
    change: (text) => text.replace('empty: ""', 'empty: y'),
    accepted: false,
  },
  {
    ...yaml,
    rule: only,
    what: 'the MAC covers more',
    change: (text) => text.replace('mac_only_encrypted: true', 'mac_only_encrypted: false'),
    accepted: false,
  },
  {
    ...yaml,
    rule: only,
    what: 'an encrypted value becomes plain by the rule',
    change: (text) => text.replace('suffix: _unencrypted', 'suffix: b'),
    accepted: false,
  },
  {
    name: 'a.json',
    plain: '{"a": "alpha", "b": {"c": [1, "beta"]}, "d_unencrypted": 1.5}',
    what: 'a plain number is written in another way',
    change: (text) => text.replace('1.5', '15e-1'),
    accepted: true,
  },
  {
    name: 'a.json',
    plain: '{"a": "alpha", "b": {"c": [1, "beta"]}, "d_unencrypted": 1.5}',
    what: 'a plain number is changed',
    change: (text) => text.replace('1.5', '1.6'),
    accepted: false,
  },
  {
    name: 'a.json',
    plain: '{"a": "alpha", "b": {"c": [1, "beta"]}}',
    what: 'a value moves up',
    change: (text, values) => text.replace('"a"', `"c": ${JSON.stringify(values[1])}, "a"`),
    accepted: false,
  },
  {
    name: 'a.env',
    plain: 'A=alpha\nB=beta\n',
    what: 'a name is added',
    change: (text) => `PATH=/x\n${text}`,
    accepted: false,
  },
  {
    name: 'a.env',
    plain: 'A=alpha\nB=beta\n',
    what: 'names are swapped',
    change: (text) => text.replace(/^A=/m, 'C=').replace(/^B=/m, 'A=').replace(/^C=/m, 'B='),
    accepted: false,
  },
  {
    name: 'a.env',
    plain: 'A=alpha\nB=beta\n',
    what: 'a comment is added',
    change: (text) => `#x\n${text}`,
    accepted: true,
  },
  {
    name: 'a.ini',
    plain: '[s]\na = alpha\nb = beta\n',
    what: 'a section is renamed',
    change: (text) => text.replace('[s]', '[t]'),
    accepted: false,
  },
  {
    name: 'a.ini',
    plain: '[s]\na = alpha\nb = beta\n',
    what: 'a key moves to another section',
    change: (text) => text.replace(/^b/m, '[t]\nb'),
    accepted: false,
  },
  {
    name: 'a.bin',
    plain: 'bytes',
    what: 'a tag is changed',
    change: (text) => text.replace(/tag:(.)/, (_, one) => `tag:${one === 'A' ? 'B' : 'A'}`),
    accepted: false,
  },
];
