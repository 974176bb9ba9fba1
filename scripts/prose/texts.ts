/** A piece of prose in a file: a comment, a string, a paragraph or a table cell. Code in it is replaced by `CODE`. */
export interface Prose {
  line: number;
  text: string;
}

/** The prose of a file, by its kind. A kind that holds no prose gives nothing. */
export function proseOf(path: string, text: string): Prose[] {
  if (path.endsWith('.ts')) return [...proseOfCode(text)];
  if (path.endsWith('.md')) return proseOfMarkdown(text);
  if (path.endsWith('.json')) return proseOfSchema(text);
  return /\.(ya?ml|service|conf)$|Dockerfile$/.test(path) ? proseOfHashes(text) : [];
}

const LEAST_WORDS = 3;
const CODE = 'CODE';
/** A slash after one of these begins a regular expression, not a division. */
const BEFORE_REGEX = /(?:^|[(,=:[!&|?{};>]|\breturn)\s*$/;

/** Comments, and strings with enough words to be a message. `${…}` in a template becomes CODE. */
function* proseOfCode(code: string): Generator<Prose> {
  const lineAt = lineCounter(code);
  /** The open braces of each template that the scanner is in. */
  const templates: { braces: number; from: number; text: string }[] = [];
  let comment: Prose | undefined;
  let i = 0;
  const message = (from: number, text: string): Prose[] =>
    words(text) >= LEAST_WORDS ? [{ line: lineAt(from), text: text.replaceAll(/\\n/g, '. ') }] : [];
  const template = function* (from: number, text: string): Generator<Prose> {
    const end = /[`]|\$\{/g;
    let at = i;
    for (;;) {
      end.lastIndex = at;
      const match = end.exec(code);
      if (!match) return;
      if (code[match.index - 1] === '\\') {
        at = match.index + 1;
        continue;
      }
      const all = text + code.slice(i, match.index);
      i = match.index + match[0].length;
      if (match[0] === '`') yield* message(from, all);
      else templates.push({ braces: 0, from, text: `${all}${CODE}` });
      return;
    }
  };
  while (i < code.length) {
    const rest = code.slice(i, i + 2);
    if (rest === '//') {
      const end = endOf(code, '\n', i);
      const line = code.slice(i + 2, end).trim();
      const isNext = comment !== undefined && lineAt(i) === comment.line + comment.text.split('\n').length;
      const isAlone = code.slice(code.lastIndexOf('\n', i) + 1, i).trim() === '';
      if (comment && isNext && isAlone) comment.text += `\n${line}`;
      else {
        if (comment) yield comment;
        comment = { line: lineAt(i), text: line };
      }
      i = end;
    } else if (rest === '/*') {
      const end = endOf(code, '*/', i);
      yield { line: lineAt(i), text: code.slice(i + 2, end).replaceAll(/^[ \t]*\*+[ \t]?/gm, '') };
      i = end + 2;
    } else if (code[i] === '/' && BEFORE_REGEX.test(code.slice(Math.max(0, i - 40), i))) {
      const regex = /\/(?:\\.|\[(?:\\.|[^\]\n\\])*\]|[^/\n\\])+\//y;
      regex.lastIndex = i;
      i += regex.exec(code)?.[0].length ?? 1;
    } else if (code[i] === "'" || code[i] === '"') {
      const string = code[i] === "'" ? /'((?:\\.|[^'\\\n])*)'/y : /"((?:\\.|[^"\\\n])*)"/y;
      string.lastIndex = i;
      const match = string.exec(code);
      if (match) yield* message(i, match[1] ?? '');
      i += match?.[0].length ?? 1;
    } else if (code[i] === '`') {
      const from = i++;
      yield* template(from, '');
    } else {
      const open = templates.at(-1);
      if (open && code[i] === '{') open.braces++;
      const closes = open && code[i] === '}' && open.braces-- === 0;
      i++;
      if (open && closes) {
        templates.pop();
        yield* template(open.from, open.text);
      }
    }
  }
  if (comment) yield comment;
}

const endOf = (text: string, what: string, from: number): number => {
  const end = text.indexOf(what, from);
  return end < 0 ? text.length : end;
};

const words = (text: string): number => text.match(/[a-z]{2,}/gi)?.length ?? 0;

function lineCounter(text: string): (offset: number) => number {
  const starts = [0, ...[...text.matchAll(/\n/g)].map(({ index }) => index + 1)];
  return (offset) => {
    let [low, high] = [0, starts.length];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle;
    }
    return low + 1;
  };
}

/** Paragraphs, list items, headings and table cells, without blocks of code. */
function proseOfMarkdown(text: string): Prose[] {
  const found: Prose[] = [];
  let isCode = false;
  let paragraph: Prose | undefined;
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.trim();
    const isFence = line.startsWith('```');
    if (isFence) isCode = !isCode;
    const isTable = line.startsWith('|');
    const begins = /^(#+|[-*]|\d+\.|>)\s/.exec(line)?.[0];
    if (isFence || isCode || isTable || line === '' || begins !== undefined || /^( {4}|\t)/.test(raw))
      paragraph = undefined;
    if (isFence || isCode || line === '') continue;
    if (isTable) {
      const cells = line.replaceAll('\\|', ' ').split('|');
      found.push(...cells.map((cell) => ({ line: index + 1, text: cell.trim() })));
    } else if (paragraph) paragraph.text += `\n${line}`;
    else {
      paragraph = { line: index + 1, text: line.slice(begins?.length ?? 0) };
      found.push(paragraph);
      if (begins?.startsWith('#')) paragraph = undefined;
    }
  }
  return found.map(({ line, text: prose }) => ({ line, text: prose.replaceAll(/`[^`]*`/g, CODE) }));
}

/** The descriptions of a JSON Schema, which editors show. */
function proseOfSchema(text: string): Prose[] {
  return text.split('\n').flatMap((line, index) => {
    const description = /"description":\s*"((?:\\.|[^"\\])*)"/.exec(line)?.[1];
    return description === undefined ? [] : [{ line: index + 1, text: description }];
  });
}

function proseOfHashes(text: string): Prose[] {
  const found: Prose[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    const comment = /(?:^|\s)#\s+(.*)$/.exec(line)?.[1];
    const last = found.at(-1);
    if (comment === undefined) continue;
    if (last && last.line + last.text.split('\n').length === index + 1 && line.trim().startsWith('#'))
      last.text += `\n${comment}`;
    else found.push({ line: index + 1, text: comment });
  }
  return found;
}
