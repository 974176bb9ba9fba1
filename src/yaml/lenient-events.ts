import { type Event, parseEvents, YAMLException } from 'js-yaml';
import { YAML_LIMITS } from '../lib/limits.ts';

/** Events of a text, and the text that their offsets are of: the one given, with spaces put in where the parser is stricter than Go's. */
export interface Events {
  events: Event[];
  text: string;
  /** Where a place of `text` is in the text that was given. */
  original: (offset: number) => number;
}

/** What is wrong with a text, and where in it. */
export class YamlSyntaxError extends Error {
  readonly offset: number;
  constructor(message: string, offset: number, options?: ErrorOptions) {
    super(message, options);
    this.offset = offset;
  }
}

interface Repair {
  /** Where in the text spaces are put. */
  at: number;
  spaces: number;
}

/**
 * Parses as Go's YAML does. That one asks nothing of the indentation within brackets and quotes, and takes a `#` right after a closing one for a
 * comment; js-yaml refuses both. Each such place is mended by spaces that mean nothing there, and the text parsed again, within a budget. Throws
 * YamlSyntaxError.
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
  // A line that was mended and is still too shallow would be so for ever.
  return isSeparator || text.startsWith(' '.repeat(spaces), at) ? undefined : { at, spaces };
}

/** The column of the block node that begins farthest to the right, at most. What belongs to one need not be deeper than one more. */
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

/** Repairs stand in the order of the text, each in the coordinates of the text with those before it. */
function backTo(repairs: readonly Repair[]): (offset: number) => number {
  /** Spaces that were put in before each repair. */
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
  // The end of the file is far from the bracket or quote that is not closed; the first line that is too shallow for it is near.
  if (first && first.spaces > 1 && /^unexpected end of the/.test(error.reason)) {
    return new YamlSyntaxError('a quote or a bracket before this line is never closed', original(first.at), {
      cause: error,
    });
  }
  return new YamlSyntaxError(error.reason, original(error.mark?.position ?? 0), { cause: error });
}
