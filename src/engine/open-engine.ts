import type { Clock } from '../lib/clock.ts';
import type { EngineApi } from './api.ts';
import type { Engine } from './engine.ts';
import { createView } from './observe/view.ts';
import { watchEvents } from './observe/watch.ts';
import { performOperation } from './operations.ts';

/** A site's engine, by way of any EngineApi. Closing it closes that too. */
export function openEngine(api: EngineApi, { site, clock }: { site: string; clock: Clock }): Engine {
  const view = createView(api, site);
  const stops = new Set<() => void>();
  return {
    facts: () => view.facts(),
    observe: (need) => view.observe(need),
    stacks: () => view.stacks(),
    forget: () => view.forget(),
    perform: (operation, options) => performOperation({ api, view, site }, operation, options),
    // Something to say it by, and no reason to say nothing: not every log driver can be read.
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
