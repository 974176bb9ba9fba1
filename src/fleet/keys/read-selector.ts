import { InputError } from '../../lib/errors.ts';
import type { LabelSelector } from '../../model/fleet.ts';

type Expression = NonNullable<LabelSelector['matchExpressions']>[number];

/** The name of a label, as Kubernetes has it. */
const NAME = /^[A-Za-z0-9](?:[A-Za-z0-9._/-]{0,251}[A-Za-z0-9])?$/;

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
  const set = /^(\S+) (in|notin) \(([^()]+)\)$/.exec(part);
  const pair = /^([^=!\s]+)\s?(==|!=|=)\s?([^=!\s]*)$/.exec(part);
  const [, key = '', operator = '', value = ''] = set ?? pair ?? [];
  if (set) {
    const values = value.split(',').map((each) => each.trim());
    return NAME.test(key) ? { key, operator: operator === 'in' ? 'In' : 'NotIn', values } : undefined;
  }
  if (pair) return NAME.test(key) ? { key, operator: operator === '!=' ? 'NotIn' : 'In', values: [value] } : undefined;
  const name = part.replace(/^!/, '');
  return NAME.test(name) ? { key: name, operator: name === part ? 'Exists' : 'DoesNotExist' } : undefined;
}
