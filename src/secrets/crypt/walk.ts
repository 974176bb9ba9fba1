import { InputError, type Position } from '../../lib/errors.ts';
import type { Comment, List, Mapping, Scalar, Value } from '../tree.ts';
import type { Place } from './rules.ts';

/** Is called with each scalar but null, and each comment, in the order of the MAC. It gives the leaf that takes its place. */
export type Visit = (leaf: Scalar | Comment, place: Place) => Scalar | Comment;

/** Most comments that count for one value, as rules about comments look at each of them for each value. */
const MOST_COMMENTS = 1_000;

/** Copies a document with other leaves. The comments of a place are gathered as sops does: those right before it, at each level above it. */
export function walk(document: Mapping, at: (offset: number) => Position, visit: Visit): Mapping {
  return new Walk(at, visit).mapping(document, [], []);
}

type Comments = readonly (readonly string[])[];

class Walk {
  private readonly at: (offset: number) => Position;
  private readonly visit: Visit;
  /** The number of comments at all levels of the current place. */
  private comments = 0;

  constructor(at: (offset: number) => Position, visit: Visit) {
    this.at = at;
    this.visit = visit;
  }

  mapping(map: Mapping, path: readonly string[], above: Comments): Mapping {
    const entries = this.each(map.entries, path, above, (entry, comments) => {
      const at = [...path, entry.key];
      const value = this.value(entry.value, at, comments);
      if (value.kind === 'comment') {
        throw InputError.at(this.at(entry.offset), `the value of ${at.join(':')} says that it is a comment`);
      }
      return { ...entry, value };
    });
    return { ...map, entries };
  }

  private value(value: Value, path: readonly string[], comments: Comments): Value | Comment {
    switch (value.kind) {
      case 'map':
        return this.mapping(value, path, comments);
      case 'list':
        return this.list(value, path, comments);
      case 'null':
        return value;
      default:
        return this.visit(value, { path, comments, isComment: false });
    }
  }

  private list(list: List, path: readonly string[], above: Comments): List {
    return { ...list, items: this.each(list.items, path, above, (item, comments) => this.value(item, path, comments)) };
  }

  /** A comment counts until the next part that is none. */
  private each<Part extends { kind: string }>(
    parts: readonly (Part | Comment)[],
    path: readonly string[],
    above: Comments,
    change: (part: Part, comments: Comments) => Part | Comment,
  ): (Part | Comment)[] {
    let before: string[] = [];
    const forget = (): void => {
      this.comments -= before.length;
      before = [];
    };
    const changed = parts.map((part) => {
      if (isComment(part)) {
        before.push(part.text);
        if (++this.comments > MOST_COMMENTS)
          throw InputError.at(this.at(part.offset), `the file has over ${MOST_COMMENTS} comments before one value`);
        const leaf = this.visit(part, { path, comments: [...above, before], isComment: true });
        return isComment(leaf) ? leaf : part;
      }
      const result = change(part, [...above, before]);
      forget();
      return result;
    });
    forget();
    return changed;
  }
}

const isComment = <Part extends { kind: string }>(part: Part | Comment): part is Comment => part.kind === 'comment';
