import { InputError, type Position } from '../../lib/errors.ts';
import { entry } from '../../lib/maps/map-entry.ts';
import type { Rule } from '../metadata.ts';

/**
 * Decides as sops does which values of a file are encrypted. It decides before the MAC is known to be right, and that is no harm: with a rule
 * that somebody changed, some value is not encrypted where it must be, or the MAC differs.
 */
export type Matcher = (place: Place) => boolean;

export interface Place {
  /** The keys that lead to the value; a list adds none. */
  path: readonly string[];
  /** The comments directly before the value, and before each list and mapping that holds it. */
  comments: readonly (readonly string[])[];
  isComment: boolean;
}

/** Longer patterns take too long to compile. */
const MOST_CHARACTERS = 500;

/** Throws InputError for a pattern that Go would not take. */
export async function openRule(rule: Rule, at: Position): Promise<Matcher> {
  const { by, text } = rule;
  if (by === 'unencrypted_suffix') return ({ path }) => !path.some((key) => key.endsWith(text));
  if (by === 'encrypted_suffix') return ({ path }) => path.some((key) => key.endsWith(text));
  const matches = await pattern(rule, at);
  switch (by) {
    case 'unencrypted_regex':
      return ({ path }) => !path.some(matches);
    case 'encrypted_regex':
      return ({ path }) => path.some(matches);
    case 'unencrypted_comment_regex':
      return ({ comments }) => !comments.some((group) => group.some(matches));
    case 'encrypted_comment_regex':
      // A comment that turns encryption on is not encrypted itself.
      return ({ comments, isComment }) =>
        comments.some((group, depth) => {
          const isLast = isComment && depth === comments.length - 1;
          return (isLast ? group.slice(0, -1) : group).some(matches);
        });
  }
}

/** Go's regular expressions, which take linear time whatever the pattern and the text. JavaScript's could take for ever. */
async function pattern({ by, text }: Rule, at: Position): Promise<(key: string) => boolean> {
  if (text.length > MOST_CHARACTERS) throw InputError.at(at, `${by} is longer than ${MOST_CHARACTERS} characters`);
  const { RE2JS } = await import('re2js');
  const known = new Map<string, boolean>();
  try {
    const compiled = RE2JS.compile(text);
    return (key) => entry(known, key, () => compiled.matcher(key).find());
  } catch (error) {
    throw new InputError([{ at, message: `${by} is no regular expression that sops can read` }], { cause: error });
  }
}
