/**
 * Compose's interpolation of one string: `$V ${V} ${V:-d} ${V-d} ${V:?e} ${V?e} ${V:+a} ${V+a}`, nested, `$$` for a dollar. A dollar
 * that begins none of these stays. Source: compose-spec, "Interpolation"; the order in which braces are matched is that of compose-go 2.9.
 */

/** Gives a variable's value, or undefined where it has none. */
export type Lookup = (name: string) => string | undefined;

export class TemplateError extends Error {
  /** The variable without a value, where that is the problem. */
  readonly missing: string | undefined;
  readonly hint: string | undefined;
  constructor(message: string, options: { missing?: string; hint?: string } = {}) {
    super(message);
    this.missing = options.missing;
    this.hint = options.hint;
  }
}

const VARIABLE = /\$(?:(\$)|([_a-z][_a-z0-9]*)|\{(?:([_a-z][_a-z0-9]*)(?:(:?[-+?])(.*))?\}|()))/gi;

/** Interpolates. Throws TemplateError for bad syntax, for a required variable and for one that has neither value nor default. */
export function substitute(text: string, lookup: Lookup): string {
  return text.replaceAll(VARIABLE, (found, dollar, named) => {
    if (dollar) return '$';
    if (named) return required(named, lookup);
    return braced(found, lookup);
  });
}

/** `${…}`; the greedy match may reach to a later brace, so the first expression is cut off and the rest done after it. */
function braced(found: string, lookup: Lookup): string {
  const end = closingBrace(found);
  const expression = found.slice(0, end + 1);
  const match = new RegExp(`^(?:${VARIABLE.source})$`, 'is').exec(expression);
  const name = match?.[3];
  if (name === undefined) {
    throw new TemplateError('it holds a ${…} that is not valid', { hint: 'write $$ for a dollar sign' });
  }
  const rest = substitute(found.slice(end + 1), lookup);
  return evaluate(name, match?.[4], match?.[5] ?? '', lookup) + rest;
}

function evaluate(name: string, operator: string | undefined, operand: string, lookup: Lookup): string {
  if (operator === undefined) return required(name, lookup);
  const value = lookup(name);
  const present = operator.startsWith(':') ? value !== undefined && value !== '' : value !== undefined;
  switch (operator.at(-1)) {
    case '-':
      return present ? (value ?? '') : substitute(operand, lookup);
    case '+':
      return present ? substitute(operand, lookup) : '';
    default: {
      if (present) return value ?? '';
      const reason = substitute(operand, lookup);
      throw new TemplateError(`the required variable ${name} has no value${reason && `: ${reason}`}`, {
        missing: name,
      });
    }
  }
}

function required(name: string, lookup: Lookup): string {
  const value = lookup(name);
  if (value === undefined) throw new TemplateError(`the variable ${name} has no value`, { missing: name });
  return value;
}

/** Where the first `${` closes: the brace that balances it; a brace right after an opening one is not looked at. */
function closingBrace(text: string): number {
  let open = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '}' && --open === 0) return i;
    if (text[i] === '{') {
      open++;
      i++;
    }
  }
  // `${A:-{}}`: the greedy match is right as it is.
  return text.length - 1;
}
