import { pollForever } from '../../source/follow/retry.ts';
import type { AgentOptions } from '../agent-options.ts';
import type { StatusKeeper } from '../status/status-keeper.ts';
import { explain, tell, wordsOf } from './explain.ts';
import type { Follower } from './follower.ts';

/** Milliseconds between two polls, at least. */
const SOONEST_MS = 1000;

/**
 * Polls until the signal is aborted, with jitter, so that a fleet does not ask in one moment. Tells the log of each trouble once, and once that it is
 * over.
 */
export function pollLoop(
  follower: Follower,
  options: AgentOptions,
  signal: AbortSignal,
  status?: Pick<StatusKeeper, 'unreadable'>,
): Promise<void> {
  const { clock, log, repo, intervalMs } = options;
  let trouble: { words: string; over: string } | undefined;
  return pollForever(
    clock,
    async () => {
      await follower.once(signal);
      status?.unreadable(undefined);
      if (!trouble) return;
      log.info(trouble.over);
      trouble = undefined;
      follower.linkUp();
    },
    {
      signal,
      onLink: options.onLink,
      // A change that waits begins in the poll at its time.
      interval: () =>
        Math.min(intervalMs, Math.max(follower.dueIn() ?? intervalMs, SOONEST_MS)) * (1 + clock.random() / 10),
      onFailure: (error) => {
        const explained = explain({ kind: 'failed', error, repo });
        const words = wordsOf(explained);
        status?.unreadable(words);
        if (words === trouble?.words || signal.aborted) return;
        trouble = { words, over: explained.over ?? '' };
        tell(log, explained);
      },
    },
  );
}
