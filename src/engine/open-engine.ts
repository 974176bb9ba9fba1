import type { Clock } from '../lib/clock.ts';
import type { EngineApi } from './api.ts';
import type { Engine } from './engine.ts';
import { createView } from './observe/view.ts';
import { watchEvents } from './observe/watch.ts';
import { performOperation } from './operations.ts';

/** Opens a site's engine over an EngineApi. Closing it closes the EngineApi, too. */
export function openEngine(api: EngineApi, { site, clock }: { site: string; clock: Clock }): Engine {
  const view = createView(api, site);
  const stops = new Set<() => void>();
  return {
    facts: () => view.facts(),
    observe: (need) => view.observe(need),
    stacks: () => view.stacks(),
    forget: () => view.forget(),
    perform: (operation, options) => performOperation({ api, view, site }, operation, options),
    // The output only explains a failure, and not every log driver can be read.
    lastOutput: (container) => api.lastOutput(container).catch(() => ''),
    watch(listener) {
      const stop = watchEvents(api, view, site, clock, listener);
      stops.add(stop);
      return () => {
        stops.delete(stop);
        stop();
      };
    },
    close() {
      for (const stop of stops) stop();
      stops.clear();
      api.close();
    },
  };
}
