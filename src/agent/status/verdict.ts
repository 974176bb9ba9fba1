import type { AppStatus, SiteStatus, Verdict } from '../../model/status/site-status.ts';

/**
 * Is the site well, and if not, why? `busy`: nothing is wrong, and something is being changed or waits. A site without a link to Git is well: it enforces what it
 * accepted.
 */
export function verdictOf({ engine, git, apps }: Pick<SiteStatus, 'engine' | 'git' | 'apps'>): Verdict {
  const wrong = [
    ...(engine.trouble ? [engine.trouble.text] : []),
    ...(git.refused ? [git.refused.text] : []),
    ...apps.flatMap(whyUnwell),
  ];
  if (wrong.length > 0) return { is: 'unwell', reasons: wrong };
  if (engine.seenAt === undefined) return { is: 'busy', reasons: ['nothing was seen yet'] };
  if (git.commit === undefined) return { is: 'busy', reasons: [git.trouble?.text ?? 'no commit was accepted yet'] };
  const open = apps.flatMap(whyBusy);
  return open.length > 0 ? { is: 'busy', reasons: open } : { is: 'well', reasons: [] };
}

/** Something is wrong with the app. One that is parked or suspended is not: somebody wanted it so. */
export const isUnwell = ({ health, operation, problems }: AppStatus): boolean =>
  health !== 'parked' &&
  health !== 'suspended' &&
  (health === 'degraded' || health === 'missing' || operation === 'failed' || problems.length > 0);

function whyUnwell(status: AppStatus): string[] {
  if (!isUnwell(status)) return [];
  const { app, health, problems, lastError, held } = status;
  const why = problems[0] ?? lastError?.text ?? held[0]?.text;
  return [why === undefined ? `${app} is ${health}` : `${app}: ${why}`];
}

function whyBusy({ app, sync, health, operation, held, waits, problems }: AppStatus): string[] {
  if (health === 'parked') return problems.slice(0, 1);
  if (health === 'suspended') return [`${app} is suspended`];
  if (waits) return [waits.text];
  if (held[0]) return [`${app}: ${held[0].text}`];
  if (operation === 'running' || health === 'progressing') return [`${app} is being changed`];
  return sync === 'synced' ? [] : [`${app} is not as Git says`];
}
