import { formatProblem } from '../../lib/errors.ts';
import type { Log } from '../../lib/log.ts';
import type { AppPlan, Operation, Plan } from '../../model/plan.ts';
import type { ActualSite } from '../../model/state.ts';
import { heldThemselves } from '../../plan/draft/withhold.ts';
import { parkedText } from '../../plan/facts/policy.ts';
import { describe } from '../../plan/print/render.ts';

/** Logs each problem of a plan, each parked app, each operation that policy holds back, and each adopted container: once, and again when it comes back. */
export function createProblemLog(log: Log): (plan: Plan, actual: ActualSite) => void {
  let told = new Set<string>();
  const parked = new Set<string>();
  return (plan, actual) => {
    const found: Told[] = [
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
      ...plan.apps.flatMap(({ app, parked }) =>
        parked?.isDue ? [{ severity: 'warning', service: '', app, text: parkedText(app, parked) }] : [],
      ),
      ...plan.apps.flatMap((app) =>
        heldByPolicy(app).map((text) => ({ severity: 'info', service: '', app: app.app, text })),
      ),
      ...plan.apps.flatMap(({ app, waits }) =>
        waits
          ? [
              {
                severity: 'info',
                service: '',
                app,
                text: `held back, as ${waits.text}`,
                key: `waits ${waits.kind} ${waits.app}`,
              },
            ]
          : [],
      ),
    ];
    const keyOf = ({ app, service, text, key = text }: Told): string => `${app}/${service} ${key}`;
    for (const problem of found) {
      if (told.has(keyOf(problem))) continue;
      const { severity, app, service, text } = problem;
      log[severity === 'error' || severity === 'info' ? severity : 'warn'](text, {
        app: app || undefined,
        service: service || undefined,
      });
    }
    told = new Set(found.map(keyOf));
    for (const { app, ...now } of plan.apps) {
      if (now.parked?.isDue) parked.add(app);
      else if (!now.parked && parked.delete(app)) log.info(`${app} is no longer parked`, { app });
    }
  };
}

interface Told {
  severity: string;
  service: string;
  app: string;
  text: string;
  /** Troubles with one key are told once, whatever their text. Absent: the text. */
  key?: string;
}

/** One sentence for each policy or guard that holds back operations of an app. A backoff is logged with the failure before it. */
function heldByPolicy({ operations }: AppPlan): string[] {
  const byReason = new Map<string, Operation[]>();
  for (const operation of heldThemselves(operations)) {
    const { by, text } = operation.withheld ?? {};
    if (text === undefined || by === 'backoff' || by === 'updateConfig' || by === 'dependsOn') continue;
    byReason.set(text, [...(byReason.get(text) ?? []), operation]);
  }
  return [...byReason].map(([text, held]) => {
    const [first] = held;
    const more = held.length > 1 ? `, and ${held.length - 1} more` : '';
    return first ? `held back, as ${text}: ${describe(first)} (${first.reason})${more}` : '';
  });
}
