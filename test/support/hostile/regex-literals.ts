/** A regular expression as it is written in a source file. */
export interface RegexLiteral {
  pattern: string;
  flags: string;
  line: number;
}

/** Words after which a slash begins a regular expression, where other words are divided. */
const OPERATORS = new Set([
  'return',
  'typeof',
  'case',
  'in',
  'of',
  'delete',
  'void',
  'throw',
  'new',
  'else',
  'do',
  'yield',
  'await',
]);

/** Finds every regular expression literal of a TypeScript file: whatever is no string, template or comment is looked at. */
export function regexLiterals(source: string): RegexLiteral[] {
  const found: RegexLiteral[] = [];
  /** Braces that are open, innermost last; true for one of a template's `${`. */
  const braces: boolean[] = [];
  let at = 0;
  /** The word or character that came before, without spaces and comments. */
  let before = '';

  const template = (): void => {
    for (; at < source.length; at++) {
      if (source[at] === '\\') at++;
      else if (source[at] === '`') {
        at++;
        before = ')';
        return;
      } else if (source.startsWith('${', at)) {
        at += 2;
        braces.push(true);
        before = '(';
        return;
      }
    }
  };

  while (at < source.length) {
    const char = source[at] as string;
    if (/\s/.test(char)) at++;
    else if (source.startsWith('//', at)) at = end(source, '\n', at);
    else if (source.startsWith('/*', at)) at = end(source, '*/', at + 2) + 2;
    else if (char === '"' || char === "'") {
      for (at++; source[at] !== char && at < source.length; at++) if (source[at] === '\\') at++;
      at++;
      before = ')';
    } else if (char === '`') {
      at++;
      template();
    } else if (char === '/' && beginsRegex(before)) {
      const start = at;
      let inClass = false;
      for (at++; at < source.length && (inClass || source[at] !== '/'); at++) {
        if (source[at] === '\\') at++;
        else if (source[at] === '[') inClass = true;
        else if (source[at] === ']') inClass = false;
      }
      const pattern = source.slice(start + 1, at);
      const flags = /[a-z]*/y;
      flags.lastIndex = ++at;
      const [set = ''] = flags.exec(source) ?? [];
      found.push({ pattern, flags: set, line: source.slice(0, start).split('\n').length });
      at += set.length;
      before = ')';
    } else if (/[\w$]/.test(char)) {
      const word = /[\w$]+/y;
      word.lastIndex = at;
      [before = ''] = word.exec(source) ?? [];
      at += before.length;
    } else {
      if (char === '{') braces.push(false);
      const closesTemplate = char === '}' && braces.pop() === true;
      at++;
      before = char;
      if (closesTemplate) template();
    }
  }
  return found;
}

const beginsRegex = (before: string): boolean => OPERATORS.has(before) || !/^[\w$)\]]/.test(before);

function end(source: string, what: string, from: number): number {
  const found = source.indexOf(what, from);
  return found < 0 ? source.length : found;
}
