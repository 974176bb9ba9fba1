import { rewrittenProblem } from '../../lib/errors.ts';
import type { FieldChange, Operation, Plan, Withheld } from '../../model/plan.ts';
import type { Change } from './changes.ts';

/** Gives another text for a text that people read: one without the values that only a site knows, for example. */
export type Rewrite = (text: string) => string;

/** The same plan with all reasons, values and messages rewritten. The names of containers stay: the engine shows them to everybody. */
export const rewrittenPlan = (plan: Plan, rewrite: Rewrite): Plan => ({
  ...plan,
  apps: plan.apps.map((app) => ({
    ...app,
    operations: app.operations.map((operation): Operation => ({ ...operation, ...textsOf(operation, rewrite) })),
    problems: app.problems.map((problem) => rewrittenProblem(problem, rewrite)),
  })),
});

/** The same change with its name, reason and values rewritten. */
export const rewrittenChange = (change: Change, rewrite: Rewrite): Change => ({
  ...change,
  ...textsOf(change, rewrite),
  name: rewrite(change.name),
});

interface Told {
  reason: string;
  fields?: readonly FieldChange[] | undefined;
  withheld?: Withheld | undefined;
}

const textsOf = <T extends Told>({ reason, fields, withheld }: T, rewrite: Rewrite): Pick<T, keyof Told> =>
  ({
    reason: rewrite(reason),
    fields: fields?.map((field) => rewrittenField(field, rewrite)),
    withheld: withheld && {
      ...withheld,
      text: rewrite(withheld.text),
      error: withheld.error && rewrite(withheld.error),
    },
  }) as Pick<T, keyof Told>;

const rewrittenField = ({ from, to, ...rest }: FieldChange, rewrite: Rewrite): FieldChange => ({
  ...rest,
  from: from && rewrite(from),
  to: to && rewrite(to),
});
