import { type ApplyOptions, applyApp } from '../../../src/apply/apply.ts';
import type { EngineOperation } from '../../../src/engine/engine.ts';
import { EngineError } from '../../../src/lib/errors.ts';
import { createSemaphore } from '../../../src/lib/semaphore.ts';
import { emptyMemory } from '../../../src/model/memory.ts';
import type { OperationResult } from '../../../src/model/outcome.ts';
import type { AppPlan } from '../../../src/model/plan.ts';
import type { ActualSite, DesiredSite } from '../../../src/model/state.ts';
import { agentOptions } from '../../../src/plan/facts/policy.ts';
import { plan } from '../../../src/plan/plan.ts';
import { describe as words } from '../../../src/plan/print/render.ts';
import { createModelEngine, modelAsEngine } from '../../support/engine/model-engine.ts';
import { actualOf, app, bare, service, site } from '../../support/site/site-builder.ts';

export interface Run {
  git: DesiredSite;
  from: ActualSite;
  before?: (operation: EngineOperation) => void | Promise<void>;
  slots?: number;
  options?: Partial<ApplyOptions>;
  edit?: (plan: AppPlan) => AppPlan;
  /** The engine does not answer when it is asked how the containers are. */
  isBlind?: boolean;
}

/** Plans and applies one app; answers with what became of each operation, `done` left out: `start shop-web-1: failed (no)`. */
export async function apply({ git, from, before, slots = 8, options, edit = (same) => same, isBlind = false }: Run) {
  const model = createModelEngine(from);
  const [made] = plan(git, from, emptyMemory(), 0, agentOptions).apps;
  const seeing = modelAsEngine(model, before);
  const blind = async (): Promise<never> => {
    throw new EngineError('unreachable', 'the connection broke');
  };
  const engine = isBlind ? { ...seeing, observe: blind } : seeing;
  const files = { observe: async () => ({}), write: async () => {}, remove: async () => {} };
  const effects = { engine, files, slots: createSemaphore(slots), pullSlots: createSemaphore(3) };
  const signal = options?.signal ?? new AbortController().signal;
  const outcome = await applyApp(edit(made as AppPlan), effects, { signal, ...options });
  return { outcome, model, lines: outcome.results.map(line), states: statesOf(model.site) };
}

const line = (result: OperationResult): string => {
  const what = `${words(result.operation).replace(/\.[0-9a-f]{8}\b/g, '.new')}: ${result.status}`;
  if (result.status === 'failed') return `${what} (${result.error.message})`;
  return 'reason' in result ? `${what} (${result.reason})` : what;
};
const statesOf = ({ containers }: ActualSite) =>
  containers.map(({ name, status }) => `${name.replace(/\.[0-9a-f]{8}\b/g, '.new')} ${status}`).sort();

export const fails = (kind: EngineOperation['kind'], name: string) => (operation: EngineOperation) => {
  if (operation.kind === kind && words(operation).includes(name)) throw new EngineError('failed', 'no');
};

export const two = site(app('shop', service('db'), service('web', {}, { dependsOn: ['db'] }), service('cron')));
export const old = site(app('shop', service('web')));
export const next = site(app('shop', service('web', { Image: 'web:2' })));
export const running = { ...actualOf(old), images: { ...actualOf(old).images, ...bare(next).images } };
