import { InputError, type Position } from '../lib/errors.ts';
import { lastModifiedOf, plainText } from './formats/go-values.ts';
import { entriesOf, type Mapping, type Value, valueAt } from './tree.ts';

/** The part that sops adds to a file: who can read its values, and how they are protected. It holds no secret. */
export interface SopsMetadata {
  /** A single group's keys each open the data key. With several, `threshold` groups are needed. */
  groups: KeyGroup[];
  threshold: number;
  /** Each age recipient once. */
  recipients: string[];
  rule: Rule;
  /** The MAC covers the encrypted values alone. */
  macOnlyEncrypted: boolean;
  /** RFC 3339 to the second. */
  lastModified: string;
  /** Encrypted. */
  mac: string;
  /** The version of sops that wrote the file. */
  version: string;
}

export interface KeyGroup {
  age: AgeKey[];
  /** The other kinds of keys in this group, by sops' names. */
  others: string[];
}

export interface AgeKey {
  recipient: string;
  /** The data key, or a part of it, encrypted for the recipient and armoured. */
  sealed: string;
}

export const RULES = [
  'unencrypted_suffix',
  'encrypted_suffix',
  'unencrypted_regex',
  'encrypted_regex',
  'unencrypted_comment_regex',
  'encrypted_comment_regex',
] as const;

/** Says which values are encrypted. A file has exactly one rule. */
export interface Rule {
  by: (typeof RULES)[number];
  text: string;
}

const OTHER_KINDS = ['kms', 'gcp_kms', 'hckms', 'azure_kv', 'hc_vault', 'pgp'] as const;
const MOST_KEYS = 5_000;
/** The x coordinate of a part of the data key is one byte. */
const MOST_GROUPS = 255;

/** Reads the metadata. Throws InputError, with the place, where sops would not take it or where no age key can open the file. */
export function readMetadata(meta: Mapping, at: (offset: number) => Position): SopsMetadata {
  const refuse = (message: string, value?: Value, hint?: string): never => {
    throw InputError.at(at((value ?? meta).offset), message, hint);
  };
  const text = (key: string): string => {
    const value = valueAt(meta, key);
    if (value?.kind === 'list' || value?.kind === 'map') refuse(`sops.${key} is not a text`, value);
    return value === undefined || value.kind === 'null'
      ? ''
      : plainText(value as Exclude<typeof value, { kind: 'list' | 'map' }>);
  };
  const written = text('lastmodified');
  const lastModified = lastModifiedOf(written) ?? refuse('sops.lastmodified is no time', valueAt(meta, 'lastmodified'));
  const mac = text('mac') || refuse('the file has no MAC (sops.mac), so nothing protects its values from changes');
  const rules = RULES.map((by) => ({ by, text: text(by) })).filter((rule) => rule.text !== '');
  if (rules.length > 1)
    refuse(`a file has one rule about what is encrypted, and this one has ${rules.map(({ by }) => by).join(' and ')}`);
  const groups = readGroups(meta, refuse);
  const threshold = text('shamir_threshold');
  if (!/^(\d{1,3}(\.0+)?)?$/.test(threshold))
    refuse('sops.shamir_threshold is no count', valueAt(meta, 'shamir_threshold'));
  const needed = groups.length === 1 ? 1 : Number(threshold) || groups.length;
  const usable = groups.filter((group) => group.age.length > 0);
  if (usable.length < needed) {
    const kinds = [...new Set(groups.flatMap(({ others }) => others))].join(', ') || 'none';
    const without =
      groups.length === 1
        ? 'the file has no age recipient'
        : `only ${usable.length} of its ${groups.length} key groups have an age recipient, and ${needed} are needed`;
    refuse(
      `${without}; its other keys (${kinds}) cannot be used here`,
      undefined,
      'add one with `sops updatekeys` or `sops rotate --add-age`',
    );
  }
  return {
    groups,
    threshold: needed,
    recipients: [...new Set(groups.flatMap(({ age }) => age.map(({ recipient }) => recipient)))],
    rule: rules[0] ?? { by: 'unencrypted_suffix', text: '_unencrypted' },
    macOnlyEncrypted: /^(true|1)$/i.test(text('mac_only_encrypted')),
    lastModified,
    mac,
    version: text('version'),
  };
}

type Refuse = (message: string, value?: Value, hint?: string) => never;

/** As sops does: keys that are in no group are the one group, and then `key_groups` counts for nothing. */
function readGroups(meta: Mapping, refuse: Refuse): KeyGroup[] {
  const single = readGroup(meta, refuse);
  if (single.age.length > 0 || single.others.length > 0) return [single];
  const groups = listOf(meta, 'key_groups', refuse).map((group) =>
    group.kind === 'map' ? readGroup(group, refuse) : refuse('a group in sops.key_groups is not a mapping', group),
  );
  if (groups.length === 0) refuse('the file names no key that can open it');
  if (groups.length > MOST_GROUPS) refuse(`the file has over ${MOST_GROUPS} key groups`);
  return groups;
}

function readGroup(group: Mapping, refuse: Refuse): KeyGroup {
  const keys = listOf(group, 'age', refuse);
  if (keys.length > MOST_KEYS) refuse(`the file has over ${MOST_KEYS} age recipients`, keys[MOST_KEYS]);
  const age = keys.map((key): AgeKey => {
    const [recipient, sealed] = key.kind === 'map' ? [valueAt(key, 'recipient'), valueAt(key, 'enc')] : [];
    if (recipient?.kind !== 'text' || sealed?.kind !== 'text')
      return refuse('a key in sops.age lacks its recipient or its enc', key);
    return { recipient: recipient.text.trim(), sealed: sealed.text };
  });
  return { age, others: OTHER_KINDS.filter((kind) => listOf(group, kind, refuse).length > 0) };
}

function listOf(map: Mapping, key: string, refuse: Refuse): Value[] {
  const value = valueAt(map, key);
  if (value === undefined || value.kind === 'null') return [];
  // INI and dotenv have no way to write an empty list.
  if (value.kind === 'map' && entriesOf(value).length === 0) return [];
  if (value.kind !== 'list') return refuse(`sops.${key} is not a list`, value);
  return value.items.filter((item): item is Value => item.kind !== 'comment');
}
