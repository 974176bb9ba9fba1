import type { EncryptedInRepo } from './encrypted-files.ts';
import { ruleFor, type SopsRule } from './sops-rules.ts';

/** A file whose readers are not those that it should have. */
export interface ToEncrypt {
  path: string;
  /** The commands that mend it. */
  commands: string[];
  /** The secrets in it that somebody knew who should not any more. */
  known: readonly string[];
}

/**
 * Compares the readers of each encrypted file with the rule for it, and finds files that are still encrypted for a key which its group had before. A reader
 * who was taken out knows the data key and the values of the file. So the file gets another data key, and its values have to change.
 */
export function toEncrypt(
  files: readonly EncryptedInRepo[],
  rules: readonly SopsRule[],
  /** The keys of all groups: the current ones, by each that was before it. */
  former: ReadonlyMap<string, string>,
): ToEncrypt[] {
  return files.flatMap(({ path, recipients, names }) => {
    const rule = ruleFor(path, rules);
    if (rule) {
      if ([...recipients].sort().join() === rule.recipients.join()) return [];
      const update = `sops updatekeys --yes ${word(path)}`;
      if (recipients.every((key) => rule.readers.has(key))) return { path, commands: [update], known: [] };
      return { path, commands: [update, `sops rotate --in-place ${word(path)}`], known: names };
    }
    const old = recipients.filter((key) => former.has(key));
    if (old.length === 0) return [];
    const next = [...new Set(old.map((key) => former.get(key)))];
    return {
      path,
      commands: [`sops rotate --in-place --rm-age ${old.join(',')} --add-age ${next.join(',')} ${word(path)}`],
      known: names,
    };
  });
}

/** A path as a word of a shell. */
const word = (path: string): string => (/^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`);
