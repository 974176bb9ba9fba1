import { type Event, parseEvents, YAMLException } from 'js-yaml';
import { YAML_LIMITS } from '../lib/limits.ts';

/** The events of a text. Their offsets belong to `text`, which has extra spaces where js-yaml is stricter than Go's YAML. */
export interface Events {
  events: Event[];
  text: string;
  /** Turns an offset in `text` into the offset in the given text. */
  original: (offset: number) => number;
}

/** A syntax error and its offset in the text. */
export class YamlSyntaxError extends Error {
  readonly offset: number;
  constructor(message: string, offset: number, options?: ErrorOptions) {
    super(message, options);
    this.offset = offset;
  }
}

interface Repair {
  /** The offset at which spaces are inserted. */
  at: number;
  spaces: number;
}

/**
 * Parses as Go's YAML does. Go ignores the indentation within brackets and quotes, and starts a comment at a `#` right after a closing bracket
 * or quote; js-yaml refuses both. So this inserts spaces, which have no meaning there, and parses again, within a budget.
 * Throws YamlSyntaxError.
 */
export function lenientEvents(text: string, maxDepth: number): Events {
  const spaces = deepestNode(text) + 1;
  const repairs: Repair[] = [];
  let parsed = text;
  let budget: number = YAML_LIMITS.parsedAgain;
  while (true) {
    try {
      return { events: parseEvents(parsed, { maxDepth }), text: parsed, original: backTo(repairs) };
    } catch (error) {
      if (!(error instanceof YAMLException)) throw error;
      const offset = error.mark?.position ?? 0;
      const repair = repairOf(parsed, offset, error.reason, spaces);
      budget -= parsed.length;
      if (!repair || budget < 0) throw syntaxError(error, backTo(repairs), repairs);
      parsed = parsed.slice(0, repair.at) + ' '.repeat(repair.spaces) + parsed.slice(repair.at);
      repairs.push(repair);
    }
  }
}

function repairOf(text: string, offset: number, reason: string, spaces: number): Repair | undefined {
  if (text[offset] === '#' && /["'\]}]/.test(text[offset - 1] ?? '')) return { at: offset, spaces: 1 };
  if (reason !== 'deficient indentation') return undefined;
  const at = Math.max(text.lastIndexOf('\n', offset - 1), text.lastIndexOf('\r', offset - 1)) + 1;
  const isSeparator = /^(?:---|\.\.\.)(?:\s|$)/.test(text.slice(at, at + 4));
  // A line that already has the spaces has another problem; more spaces would not help.
  return isSeparator || text.startsWith(' '.repeat(spaces), at) ? undefined : { at, spaces };
}

/** An upper bound for the column of every block node. Content needs at most one column more than its node. */
function deepestNode(text: string): number {
  let deepest = 0;
  let column = 0;
  let isPrefix = true;
  for (const char of text) {
    if (char === '\n' || char === '\r') [column, isPrefix] = [0, true];
    else if (isPrefix && ' -?:'.includes(char)) deepest = Math.max(deepest, ++column);
    else isPrefix = false;
  }
  return deepest;
}

/** Turns offsets back. Repairs are in text order; the offset of each counts the spaces of the repairs before it. */
function backTo(repairs: readonly Repair[]): (offset: number) => number {
  /** The number of spaces inserted before each repair. */
  const before: number[] = [];
  let sum = 0;
  for (const { spaces } of repairs) {
    before.push(sum);
    sum += spaces;
  }
  return (offset) => {
    let low = 0;
    let high = repairs.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((repairs[middle]?.at ?? 0) <= offset) low = middle + 1;
      else high = middle;
    }
    const last = repairs[low - 1];
    if (!last) return offset;
    return Math.max(last.at, offset - last.spaces) - (before[low - 1] ?? 0);
  };
}

function syntaxError(
  error: YAMLException,
  original: (offset: number) => number,
  repairs: readonly Repair[],
): YamlSyntaxError {
  const [first] = repairs;
  // The open bracket or quote is near the first repaired line, and far from the end of the file.
  if (first && first.spaces > 1 && /^unexpected end of the/.test(error.reason)) {
    return new YamlSyntaxError('a quote or a bracket before this line is never closed', original(first.at), {
      cause: error,
    });
  }
  return new YamlSyntaxError(error.reason, original(error.mark?.position ?? 0), { cause: error });
}
