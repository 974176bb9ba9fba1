/**
 * Compose's interpolation of one string: `$V ${V} ${V:-d} ${V-d} ${V:?e} ${V?e} ${V:+a} ${V+a}`, nested, `$$` for a dollar. Any other
 * dollar stays. Source: compose-spec, "Interpolation". Braces are matched in the order of compose-go 2.9.
 */

/** The value of a variable, or a text with values in it. */
export interface Value extends Taint {
  text: string;
}

/** The parts of a text that nobody may see. */
export interface Taint {
  /** The first part that SOPS encrypted in Git. Absent: there is none. */
  secret?: Secret | undefined;
  /** A part is not from Git: the site's own file of values, or the environment of a command, has it. */
  outside?: true | undefined;
}

/** The name of a variable whose value was decrypted, and the offset in the text at which the value begins. */
export interface Secret {
  name: string;
  from: number;
}

/** The value of a variable; undefined when it has no value. */
export type Lookup = (name: string) => Value | undefined;

/** The taint of a value that lies at an offset of a longer text. */
export const taintAt = ({ secret, outside }: Taint, offset: number): Taint => ({
  ...(secret && { secret: { name: secret.name, from: secret.from + offset } }),
  ...(outside && { outside }),
});

export class TemplateError extends Error {
  /** The variable without a value, if that is the problem. */
  readonly missing: string | undefined;
  /** The text demands the variable by `${NAME?…}`. */
  readonly isDemanded: boolean;
  readonly hint: string | undefined;
  constructor(message: string, options: { missing?: string; isDemanded?: boolean; hint?: string } = {}) {
    super(message);
    this.missing = options.missing;
    this.isDemanded = options.isDemanded ?? false;
    this.hint = options.hint;
  }
}

/** The limit for the length of one interpolated string. */
const MAX_RESULT = 1024 * 1024;
/** The limits for defaults within defaults, and for braces within one expression. */
const MAX_DEPTH = 50;
const MAX_BRACES = 200;

/**
 * Interpolates a text. Throws TemplateError for bad syntax, for a variable without value and default, and for an exceeded limit. The time is
 * linear in the length of the text and of the result.
 */
export function substitute(text: string, lookup: Lookup): Value {
  return substituteAt(text, lookup, 0);
}

function substituteAt(text: string, lookup: Lookup, depth: number): Value {
  if (depth > MAX_DEPTH) throw new TemplateError('its defaults within defaults are nested too deep');
  const token = /\$(?:(\$)|([_a-z][_a-z0-9]*)|(\{))/gi;
  const lines = lastBraces(text);
  let result = '';
  let taint: Taint = {};
  let done = 0;
  for (let match = token.exec(text); match; match = token.exec(text)) {
    const [, dollar, named] = match;
    let end = token.lastIndex;
    let value: Value;
    if (dollar) value = { text: '$' };
    else if (named !== undefined) value = required(named, lookup);
    else {
      const expression = expressionAt(text, match.index, lines(match.index));
      value = evaluate(expression, lookup, depth);
      end = expression.end;
    }
    result += text.slice(done, match.index);
    taint = { ...taintAt(value, result.length), ...taint };
    result += value.text;
    if (result.length > MAX_RESULT) throw new TemplateError('the text is too long after interpolation');
    done = end;
    token.lastIndex = end;
  }
  return done === 0 ? { text } : { text: result + text.slice(done), ...taint };
}

/** `${NAME}` or `${NAME OPERATOR OPERAND}`; `end` is the offset after its closing brace. */
interface Expression {
  name: string;
  operator: string | undefined;
  operand: string;
  end: number;
}

/** Reads an expression that begins with `${`. It ends at the brace that balances it, otherwise at the last brace of its line. */
function expressionAt(text: string, start: number, lastBrace: number): Expression {
  const head = /\$\{([_a-z][_a-z0-9]*)(:?[-+?])?/iy;
  head.lastIndex = start;
  const [all = '', name, operator] = head.exec(text) ?? [];
  const from = start + all.length;
  const isValid = operator === undefined ? text[from] === '}' : lastBrace >= from;
  if (name === undefined || !isValid) {
    throw new TemplateError('it holds an invalid ${…}', { hint: 'write $$ for a dollar sign' });
  }
  if (operator === undefined) return { name, operator, operand: '', end: from + 1 };
  const close = closingBrace(text, start, lastBrace);
  return { name, operator, operand: text.slice(from, close), end: close + 1 };
}

/** Finds the last `}` of the line of an offset. The offsets of later calls must not be smaller. */
function lastBraces(text: string): (offset: number) => number {
  let lineEnd = -1;
  let last = -1;
  return (offset) => {
    if (offset < lineEnd) return last;
    const newline = text.indexOf('\n', offset);
    lineEnd = newline < 0 ? text.length : newline;
    last = text.lastIndexOf('}', lineEnd);
    return last;
  };
}

function evaluate({ name, operator, operand }: Expression, lookup: Lookup, depth: number): Value {
  if (operator === undefined) return required(name, lookup);
  const value = lookup(name);
  const present = operator.startsWith(':') && value?.text === '' ? undefined : value;
  switch (operator.at(-1)) {
    case '-':
      return present ?? substituteAt(operand, lookup, depth + 1);
    case '+':
      return present ? substituteAt(operand, lookup, depth + 1) : { text: '' };
    default: {
      if (present) return present;
      const { text, secret } = substituteAt(operand, lookup, depth + 1);
      const reason = text !== '' && !secret ? `: ${text}` : '';
      throw new TemplateError(`the required variable ${name} has no value${reason}`, {
        missing: name,
        isDemanded: true,
      });
    }
  }
}

function required(name: string, lookup: Lookup): Value {
  const value = lookup(name);
  if (value === undefined) throw new TemplateError(`the variable ${name} has no value`, { missing: name });
  return value;
}

/** The offset of the brace that balances the first one, otherwise `last`, as in `${A:-{}}`. A brace right after an opening brace does not count. */
function closingBrace(text: string, start: number, last: number): number {
  let open = 0;
  for (let i = start; i <= last; i++) {
    if (text[i] === '}' && --open === 0) return i;
    if (text[i] === '{') {
      open++;
      i++;
    }
    if (open > MAX_BRACES) throw new TemplateError('its braces are nested too deep');
  }
  return last;
}
