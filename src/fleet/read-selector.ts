import { InputError } from '../lib/errors.ts';
import type { LabelSelector } from '../model/fleet.ts';

type Expression = NonNullable<LabelSelector['matchExpressions']>[number];

const NAME = '[A-Za-z0-9](?:[A-Za-z0-9._/-]{0,251}[A-Za-z0-9])?';
const SET = new RegExp(`^(${NAME}) (in|notin) \\(([^()]{1,2000})\\)$`);
const PAIR = new RegExp(`^(${NAME})(==|!=|=)(.{0,63})$`);
const EXISTS = new RegExp(`^(!?)(${NAME})$`);

/** Reads a selector as `kubectl` takes it: `region=eu,ring!=canary,zone in (a,b),gpu,!old`. Throws InputError. */
export function readSelector(text: string): LabelSelector {
  const matchExpressions = partsOf(text).map((part) => {
    const expression = expressionOf(part);
    if (expression) return expression;
    throw InputError.of(
      `--selector: ${JSON.stringify(part)} is no condition on a label`,
      'for example region=eu, ring!=canary, "zone in (a,b)", gpu, !old',
    );
  });
  return { matchExpressions };
}

/** The parts between commas, but not between those in parentheses. */
function partsOf(text: string): string[] {
  const parts: string[] = [''];
  let isInside = false;
  for (const letter of text) {
    if (letter === '(') isInside = true;
    if (letter === ')') isInside = false;
    if (letter === ',' && !isInside) parts.push('');
    else parts.push(`${parts.pop()}${letter}`);
  }
  return parts.map((part) => part.trim().replace(/ {2,}/g, ' '));
}

function expressionOf(part: string): Expression | undefined {
  const [, member, operator, list] = SET.exec(part) ?? [];
  if (member !== undefined && list !== undefined) {
    const values = list.split(',').map((value) => value.trim());
    return { key: member, operator: operator === 'in' ? 'In' : 'NotIn', values };
  }
  const [, key, sign, value] = PAIR.exec(part) ?? [];
  if (key !== undefined && value !== undefined)
    return { key, operator: sign === '!=' ? 'NotIn' : 'In', values: [value.trim()] };
  const [, not, name] = EXISTS.exec(part) ?? [];
  return name === undefined ? undefined : { key: name, operator: not === '!' ? 'DoesNotExist' : 'Exists' };
}
