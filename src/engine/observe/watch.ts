import type { Clock } from '../../lib/clock.ts';
import { messageOf } from '../../lib/errors.ts';
import type { EngineApi } from '../api.ts';
import type { Change } from '../engine.ts';
import { changeOf } from './changes.ts';
import type { View } from './view.ts';

/** Milliseconds before a broken stream is opened again: they double from the first number to the last, with jitter. */
const RETRY_MS = [250, 30_000] as const;
/** After a stream held this long, the next pause is the first one again. */
const WELL_MS = 10_000;

/**
 * Keeps an event stream open until it is stopped. Each time it opens, the view forgets everything and the caller looks again, since earlier events
 * are not in the stream.
 */
export function watchEvents(
  api: EngineApi,
  view: View,
  site: string,
  clock: Clock,
  listener: (change: Change) => void,
): () => void {
  const closed = new AbortController();
  let failures = 0;
  let cancelTimer = (): void => undefined;

  const run = async (): Promise<void> => {
    let openedAt: number | undefined;
    const why = await api
      .events(
        {
          open: () => {
            if (closed.signal.aborted) return;
            openedAt = clock.monotonic();
            view.trust(true);
            listener({ what: failures === 0 ? 'listening to the engine' : 'listening to the engine again' });
          },
          event: (event) => {
            if (closed.signal.aborted) return;
            const change = changeOf(event, view, site);
            if (change) listener(change);
          },
        },
        closed.signal,
      )
      .then(() => 'it ended', messageOf);
    if (closed.signal.aborted) return;
    view.trust(false);
    if (openedAt !== undefined) {
      if (clock.monotonic() - openedAt >= WELL_MS) failures = 0;
      listener({ what: `the engine's event stream broke: ${why}` });
    }
    const [first, last] = RETRY_MS;
    const wait = Math.min(last, first * 2 ** failures) * (0.5 + clock.random() / 2);
    failures += 1;
    cancelTimer = clock.timer(wait, () => void run());
  };
  void run();

  return () => {
    closed.abort();
    cancelTimer();
    view.trust(false);
  };
}
