import { formatProblem } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import type { Plan } from '../model/plan.ts';
import type { ActualSite } from '../model/state.ts';

/** Says what a pass found that cannot be brought about: once, and again when it comes back. */
export function createProblemTeller(log: Log): (plan: Plan, actual: ActualSite) => void {
  let told = new Set<string>();
  return (plan, actual) => {
    const found = [
      ...actual.problems.map((problem) => ({
        severity: 'warning',
        service: '',
        app: '',
        text: formatProblem(problem),
      })),
      ...plan.apps.flatMap(({ app, problems }) =>
        problems.map((one) => ({ severity: one.severity, service: one.service ?? '', app, text: formatProblem(one) })),
      ),
    ];
    const keyOf = ({ app, service, text }: (typeof found)[number]): string => `${app}/${service} ${text}`;
    for (const problem of found) {
      if (told.has(keyOf(problem))) continue;
      const { severity, app, service, text } = problem;
      log[severity === 'error' ? 'error' : 'warn'](text, { ...(app && { app }), ...(service && { service }) });
    }
    told = new Set(found.map(keyOf));
  };
}
