import type { CreationRule } from '../../support/secrets/sops.ts';

/** Plain files for sops to encrypt: each name says the format. */
export interface Sample {
  name: string;
  plain: string | Uint8Array;
  /** A name of the file for `sops set`, as sops spells a place in a tree. */
  place?: string;
  /** sops reads its own output of this with another MAC, unless it is encrypted. */
  isFragile?: true;
}

const YAML = `# at the top
text: a text
"quoted key": 'it''s'
unicode: "h\\u00e9\\u00e9 \\u2603 \\U0001F600"
empty: ""
nothing: null
tilde: ~
int: 12
big: 9223372036854775807
negative: -9223372036854775808
octal: 0o14
old: 0777
hex: 0xFF
underscore: 1_000
one: 1.0
thousand: 1e3
tiny: 1.5e-9
large: 123456789.25
infinite: .inf
nan: .nan
overflow: 1e400
yes: true
no: "no"
on: "on"
number-like: "12"
float-like: "1e3"
null-like: "null"
sexagesimal: "12:30:45"
date: 2001-12-14
time: 2001-12-14t21:59:43.10-05:00
date-like: "2001-12-14"
no-date: "2001-99-99"
lines: "a\\nb"
lines-end: "a\\nb\\n"
lines-keep: "a\\nb\\n\\n"
lines-lead: "  a\\n b"
lines-only: "\\n"
lines-blank: "\\n\\nb"
lines-space: "a \\nb"
crlf: "a\\r\\nb"
tab: "a\\tb"
control: "\\a\\e\\x7f\\u0085\\u00a0\\ufeff"
spaces: " a "
colon: "a: b"
ends-in-colon: "a:"
hash: "a #b"
dash: "- a"
only-dash: "-"
document: "--- a"
question: "? a"
percent: "%a"
at-sign: "@a"
equals: "="
backslash: 'a\\b"c'
empty-map: {}
empty-list: []
list:
    - one
    - 2
    - [3, [4]]
    - - nested
      - - deeper
        - |
            two
            lines
    - {a: 1, b: {c: d}}
    - lines: |
          x
          y
    - {}
    - []
    - null
    - ""
nested:
    # before a
    a:
        b:
            c: deep
    # before d
    d: [true, false]
"multi\\nline key": 1
${'k'.repeat(128)}: short enough
${'l'.repeat(129)}: too long
plain_unencrypted: in the open
nested_unencrypted: {a: 1, b: [x, 1.0, true, 2001-12-14]}
secret_key: {password: p, list: [1, 2]}
# encrypt from here
commented: yes
last: 1
# at the end
`;

const JSON_TEXT = `{
  "text": "a \\u00e9 \\ud83d\\ude00 <&> \\u2028 \\b\\f\\n\\r\\t\\u0001 \\u007f \\/",
  "empty": "", "nothing": null, "int": 12, "negative": -5, "one": 1.0, "thousand": 1e3, "small": 1e-7, "large": 1e21, "half": 0.5,
  "yes": true, "no": false, "list": [1, "two", [3, []], {"a": {}}, null], "map": {"2": "two", "1": "one", "__proto__": "x", "a b": ":"},
  "plain_unencrypted": "x", "list_unencrypted": [1.50, 2, "a"], "secret_key": {"password": "p"}
}`;

const DOTENV = `# a comment
TEXT=a text
QUOTED="in quotes"
EMPTY=
SPACES=  a  
LINES=a\\nb
EQUALS=a=b
UNICODE=hé ☃ 😀

NAME WITH SPACE=x
#last comment
plain_unencrypted=in the open
secret_key=p
`;

const INI = `top = 1
; a comment of the section
[first section]
; a comment of the key
text = a text
a_longer_key = "quoted"
empty =
hash = a#b
spaces = " a "
unicode = hé ☃
quoted = \`a;b#c\`
"a:b" = colon in the key
plain_unencrypted = in the open
secret_key = p

[empty]

[last]
x = 1
`;

export const SAMPLES: readonly Sample[] = [
  { name: 'all.yaml', plain: YAML, place: '["nested"]["a"]["b"]["c"]' },
  { name: 'documents.yaml', plain: 'a: 1\nlist: [x]\n---\nb: 2\n---\n{}\n' },
  { name: 'anchors.yml', plain: 'a: &x {b: 1, c: [d]}\ne: *x\nf: {<<: *x, g: 2}\n', place: '["e"]["b"]' },
  { name: 'minus.yaml', plain: 'minus: -0.0\n', isFragile: true },
  { name: 'all.json', plain: JSON_TEXT, place: '["map"]["1"]' },
  { name: 'empty.json', plain: '{}' },
  { name: 'all.env', plain: DOTENV, place: '["TEXT"]' },
  { name: 'all.ini', plain: INI, place: '["first section"]["text"]' },
  { name: 'text.txt', plain: 'a text\nin two lines' },
  { name: 'bytes.bin', plain: Uint8Array.from({ length: 300 }, (_, index) => index % 256) },
  { name: 'empty', plain: '' },
];

/** Rules of sops about what is encrypted, and what the MAC covers. */
export const RULES: readonly CreationRule[] = [
  {},
  { mac_only_encrypted: true },
  { unencrypted_suffix: '_key' },
  { encrypted_suffix: '_key' },
  { encrypted_suffix: '_key', mac_only_encrypted: true },
  { encrypted_regex: '^(secret_.*|(?i)TEXT|list|LINES)$' },
  { unencrypted_regex: '^(secret|plain|nested)', mac_only_encrypted: true },
  { encrypted_comment_regex: 'encrypt from here|comment' },
  { unencrypted_comment_regex: 'before|a comment', mac_only_encrypted: true },
];
