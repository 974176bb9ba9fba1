import { createHash } from 'node:crypto';
import type { SopsFile } from './sops-file.ts';
import { type Comment, type Entry, entriesOf, type Value } from './tree.ts';

/**
 * Two encrypted files have the same plain content for sure: each value and comment is the same text, encrypted or not, under the same rule.
 * Needs no key. `sops updatekeys` keeps the texts, and so this is true before and after it; `sops rotate` gives each value another text.
 */
export function equalEncrypted(a: SopsFile, b: SopsFile): boolean {
  const rules = [a, b].map(({ metadata }) => `${metadata.rule.by} ${metadata.rule.text}`);
  return (
    a.format === b.format &&
    rules[0] === rules[1] &&
    a.documents.length === b.documents.length &&
    a.documents.every((document, index) => isEqual(document, b.documents[index]))
  );
}

type Part = Value | Entry | Comment;

function isEqual(a: Part, b: Part | undefined): boolean {
  switch (a.kind) {
    case 'map':
      return b?.kind === 'map' && areEqual(a.entries, b.entries);
    case 'list':
      return b?.kind === 'list' && areEqual(a.items, b.items);
    case 'entry':
      return b?.kind === 'entry' && a.key === b.key && isEqual(a.value, b.value);
    case 'comment':
      return b?.kind === 'comment' && a.text === b.text && a.inline === b.inline;
    case 'text':
    case 'int':
    case 'time':
      return b?.kind === a.kind && a.text === b.text;
    case 'float':
    case 'bool':
      return b?.kind === a.kind && Object.is(a.value, b.value);
    case 'null':
      return b?.kind === 'null';
  }
}

const areEqual = (a: readonly Part[], b: readonly Part[]): boolean =>
  a.length === b.length && a.every((part, index) => isEqual(part, b[index]));

/** A digest of the encrypted values: equal for files that `equalEncrypted` calls equal. Needs no key, and the keys of the file are not in it. */
export function encryptedDigest({ format, metadata: { rule }, documents }: SopsFile): string {
  const text = JSON.stringify([format, rule.by, rule.text, documents], (key, value: unknown) => {
    if (key === 'offset') return undefined;
    return typeof value === 'number' ? String(Object.is(value, -0) ? '-0' : value) : value;
  });
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}

/** Names with placeholders for the values of a file with names and values, read without a key: another encrypted value has another placeholder. */
export function sealedValues({ documents }: SopsFile): Map<string, string> {
  return new Map(
    documents.flatMap(entriesOf).map(({ key, value }) => {
      const name = key.replace(/^\s*export\s+/, '').trim();
      const text = JSON.stringify(value, (part, each: unknown) => (part === 'offset' ? undefined : each));
      const digest = createHash('sha256').update(text).digest('hex').slice(0, 12);
      return [name, `{{${name} encrypted ${digest}}}`];
    }),
  );
}
