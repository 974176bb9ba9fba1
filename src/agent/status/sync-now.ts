import type { Clock } from '../../lib/clock.ts';
import type { SiteStatus } from '../../model/status/site-status.ts';
import type { Look, SyncAnswer } from '../../model/sync-answer.ts';
import { atMost } from '../reconcile/alarm.ts';

/** Milliseconds after which a person gets an answer, with what is still going on. */
export const SYNC_PATIENCE_MS = 30_000;

export interface SyncParts {
  clock: Clock;
  /** Polls Git. Gives what went wrong in words; undefined: nothing. */
  git: () => Promise<string | undefined>;
  /** Looks at the engine once and plans. */
  engine: () => Promise<void>;
  status: () => SiteStatus;
}

/** Looks at Git and the engine, and answers when both are done, or after the time limit. The looks go on after that. */
export async function syncNow({ clock, git, engine, status }: SyncParts): Promise<SyncAnswer> {
  const looks: Record<'git' | 'engine', Look> = { git: { is: 'going' }, engine: { is: 'going' } };
  const lookAtGit = async (): Promise<void> => {
    const text = await git();
    looks.git = text === undefined ? { is: 'done' } : { is: 'failed', text };
    // The pass that plans what Git brought.
    await engine();
  };
  const lookAtEngine = async (): Promise<void> => {
    await engine();
    looks.engine = engineLook(status());
  };
  await atMost(clock, SYNC_PATIENCE_MS, Promise.all([lookAtGit(), lookAtEngine()]));
  const now = status();
  if (looks.engine.is !== 'going') looks.engine = engineLook(now);
  return { ...looks, status: now };
}

function engineLook({ engine, git }: SiteStatus): Look {
  if (engine.trouble) return { is: 'failed', text: engine.trouble.text };
  return git.commit === undefined
    ? { is: 'failed', text: 'no commit was accepted yet, so there is nothing to compare' }
    : { is: 'done' };
}
