import type { Hide } from '../../compose/private-values/hide-values.ts';
import type { Engine } from '../../engine/engine.ts';
import { EngineError } from '../../lib/errors.ts';

/** The same engine, without secret values in its messages: engines and registries quote requests, and a request holds values that are not in Git. */
export function redactedEngine(engine: Engine, hide: Hide): Engine {
  const redacted = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (error) {
      if (!(error instanceof EngineError) || hide(error.message) === error.message) throw error;
      // Without the cause, which has the original message.
      throw new EngineError(error.kind, hide(error.message));
    }
  };
  return {
    facts: () => redacted(engine.facts()),
    stacks: () => redacted(engine.stacks()),
    observe: async (need) => {
      const actual = await redacted(engine.observe(need));
      return {
        ...actual,
        containers: actual.containers.map((each) => {
          const error = hide(each.error);
          return error === each.error ? each : { ...each, error };
        }),
      };
    },
    perform: async (operation, options) => {
      const performed = await redacted(engine.perform(operation, options));
      return { ...performed, warnings: performed.warnings.map(hide) };
    },
    lastOutput: async (container) => hide(await engine.lastOutput(container)),
    forget: () => engine.forget(),
    watch: (listener) => engine.watch(listener),
    close: () => engine.close(),
  };
}
