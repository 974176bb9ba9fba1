/**
 * Compose's interpolation of one string: `$V ${V} ${V:-d} ${V-d} ${V:?e} ${V?e} ${V:+a} ${V+a}`, nested, `$$` for a dollar. A dollar
 * that begins none of these stays. Source: compose-spec, "Interpolation"; the order in which braces are matched is that of compose-go 2.9.
 */

/** Gives a variable's value, or undefined where it has none. */
export type Lookup = (name: string) => string | undefined;

export class TemplateError extends Error {
  /** The variable without a value, where that is the problem. */
  readonly missing: string | undefined;
  /** It was asked for by `${NAME?…}`. */
  readonly isDemanded: boolean;
  readonly hint: string | undefined;
  constructor(message: string, options: { missing?: string; isDemanded?: boolean; hint?: string } = {}) {
    super(message);
    this.missing = options.missing;
    this.isDemanded = options.isDemanded ?? false;
    this.hint = options.hint;
  }
}

/** Characters that one string may become. */
const MAX_RESULT = 1024 * 1024;
/** Levels of defaults within defaults, and of braces within one. */
const MAX_DEPTH = 50;
const MAX_BRACES = 200;

/**
 * Interpolates. Throws TemplateError for bad syntax, for a required variable, for one that has neither value nor default, and for too much of
 * anything. Time is linear in what goes in and comes out.
 */
export function substitute(text: string, lookup: Lookup): string {
  return substituteAt(text, lookup, 0);
}

function substituteAt(text: string, lookup: Lookup, depth: number): string {
  if (depth > MAX_DEPTH) throw new TemplateError('its variables have defaults within defaults, too deep');
  const token = /\$(?:(\$)|([_a-z][_a-z0-9]*)|(\{))/gi;
  const lines = lastBraces(text);
  let result = '';
  let done = 0;
  for (let match = token.exec(text); match; match = token.exec(text)) {
    const [, dollar, named] = match;
    let end = token.lastIndex;
    let value: string;
    if (dollar) value = '$';
    else if (named !== undefined) value = required(named, lookup);
    else {
      const expression = expressionAt(text, match.index, lines(match.index));
      value = evaluate(expression, lookup, depth);
      end = expression.end;
    }
    result += text.slice(done, match.index) + value;
    if (result.length > MAX_RESULT) throw new TemplateError('with its variables put in it is too long');
    done = end;
    token.lastIndex = end;
  }
  return done === 0 ? text : result + text.slice(done);
}

/** `${NAME}` or `${NAME OPERATOR OPERAND}`; `end` is after its brace. */
interface Expression {
  name: string;
  operator: string | undefined;
  operand: string;
  end: number;
}

/** Reads what begins with `${`. It may reach to the last brace of its line, and ends at the one that balances it, if one does. */
function expressionAt(text: string, start: number, lastBrace: number): Expression {
  const head = /\$\{([_a-z][_a-z0-9]*)(:?[-+?])?/iy;
  head.lastIndex = start;
  const [all = '', name, operator] = head.exec(text) ?? [];
  const from = start + all.length;
  const isValid = operator === undefined ? text[from] === '}' : lastBrace >= from;
  if (name === undefined || !isValid) {
    throw new TemplateError('it holds a ${…} that is not valid', { hint: 'write $$ for a dollar sign' });
  }
  if (operator === undefined) return { name, operator, operand: '', end: from + 1 };
  const close = closingBrace(text, start, lastBrace);
  return { name, operator, operand: text.slice(from, close), end: close + 1 };
}

/** Where the last `}` is of the line that an offset is in; offsets may only grow. */
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

function evaluate({ name, operator, operand }: Expression, lookup: Lookup, depth: number): string {
  if (operator === undefined) return required(name, lookup);
  const value = lookup(name);
  const present = operator.startsWith(':') ? value !== undefined && value !== '' : value !== undefined;
  switch (operator.at(-1)) {
    case '-':
      return present ? (value ?? '') : substituteAt(operand, lookup, depth + 1);
    case '+':
      return present ? substituteAt(operand, lookup, depth + 1) : '';
    default: {
      if (present) return value ?? '';
      const reason = substituteAt(operand, lookup, depth + 1);
      throw new TemplateError(`the required variable ${name} has no value${reason && `: ${reason}`}`, {
        missing: name,
        isDemanded: true,
      });
    }
  }
}

function required(name: string, lookup: Lookup): string {
  const value = lookup(name);
  if (value === undefined) throw new TemplateError(`the variable ${name} has no value`, { missing: name });
  return value;
}

/** The brace that balances the first one; a brace right after an opening one is not looked at. `last` where none does, as in `${A:-{}}`. */
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
