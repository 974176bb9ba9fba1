import { formatProblem } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import type { Plan } from '../model/plan.ts';
import type { ActualSite } from '../model/state.ts';

/** Says what a pass found that cannot be brought about, and what it adopted: once, and again when it comes back. */
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
      ...plan.apps.flatMap(({ app, adopted = [] }) =>
        adopted.map((name) => ({
          severity: 'info',
          service: '',
          app,
          text: `${name}, which docker compose made, is adopted`,
        })),
      ),
    ];
    const keyOf = ({ app, service, text }: (typeof found)[number]): string => `${app}/${service} ${text}`;
    for (const problem of found) {
      if (told.has(keyOf(problem))) continue;
      const { severity, app, service, text } = problem;
      log[severity === 'error' || severity === 'info' ? severity : 'warn'](text, {
        ...(app && { app }),
        ...(service && { service }),
      });
    }
    told = new Set(found.map(keyOf));
  };
}
