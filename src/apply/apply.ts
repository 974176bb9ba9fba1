import type { Engine, EngineOperation } from '../engine/engine.ts';
import { EngineError, HoldfastError, messageOf, StateError } from '../lib/errors.ts';
import { lastWords } from '../lib/text/last-words.ts';
import type { OperationResult, Outcome } from '../model/outcome.ts';
import type { AppPlan, ContainerRef, Operation, OperationKind } from '../model/plan.ts';
import { waitVerdict } from '../plan/decide/slot/wait-verdict.ts';
import type { Effects } from './effects.ts';

export interface ApplyOptions {
  /**
   * Aborted on a new commit or on shutdown: no new operation starts, pulls are cancelled, calls in flight finish, and a container we stopped is started
   * again.
   */
  signal: AbortSignal;
  /** True once no new operation may start, although nothing is cancelled: a pull goes on. */
  isHalted?: () => boolean;
  onStart?: (operation: Operation) => void;
  onResult?: (result: OperationResult) => void;
}

/**
 * Carries out the plan of one app and decides nothing: an operation starts when all operations before it are done; an operation that depends on a failed
 * one is skipped, and all others go on. Never throws for an operation's failure.
 */
export async function applyApp(plan: AppPlan, effects: Effects, options: ApplyOptions): Promise<Outcome> {
  const results = new Map<number, Promise<OperationResult>>();
  const created = new Map<number, string>();

  const resolve = (ref: ContainerRef): string => {
    if (ref.id !== undefined) return ref.id;
    const id = created.get(ref.createdBy);
    if (!id) throw new EngineError('notFound', `${ref.name} was not created`);
    return id;
  };

  const run = async (operation: Operation): Promise<OperationResult> => {
    const needed = await Promise.all(operation.after.map((id) => results.get(id) as Promise<OperationResult>));
    const trigger = operation.onlyIfFailed === undefined ? undefined : await results.get(operation.onlyIfFailed);
    if (operation.withheld) return { operation, status: 'withheld' };
    if (trigger && trigger.status !== 'failed') return { operation, status: 'skipped', reason: 'not needed' };
    const stopped = needed.find(({ status }) => status !== 'done');
    if (stopped) return notReached(operation, stopped);
    return perform(operation, needed);
  };

  const perform = async (operation: Operation, needed: OperationResult[]): Promise<OperationResult> => {
    const release = await (operation.kind === 'pullImage' ? effects.pullSlots : effects.slots).acquire();
    if ((options.signal.aborted || options.isHalted?.()) && !mustFinish(operation, needed)) {
      release();
      return { operation, status: 'skipped', reason: 'cancelled' };
    }
    try {
      options.onStart?.(operation);
      return await carryOut(operation, plan.app, effects, resolve, options, (id) => created.set(operation.id, id));
    } catch (error) {
      // Not a failure: we cancelled it, for example a pull that is not wanted any more.
      if (options.signal.aborted && error instanceof EngineError && error.kind === 'aborted')
        return { operation, status: 'skipped', reason: 'cancelled' };
      return { operation, status: 'failed', error: asTyped(operation, error) };
    } finally {
      release();
    }
  };

  for (const operation of plan.operations) {
    const result = run(operation).then((found) => {
      options.onResult?.(found);
      return found;
    });
    results.set(operation.id, result);
  }
  return { app: plan.app, results: await Promise.all(results.values()) };
}

/** By kind: the kinds whose effect it undoes or completes. */
const RESTORES: Partial<Record<OperationKind, OperationKind[]>> = {
  copyFiles: ['stopContainer'],
  startContainer: ['stopContainer'],
  removeNetwork: ['disconnectNetwork'],
  createNetwork: ['removeNetwork'],
  connectNetwork: ['disconnectNetwork', 'createNetwork'],
};

/**
 * A pass that is cancelled between a stop and its start would leave a service down until the next pass, and forever if the agent ends. So it still starts
 * again what it stopped itself, and undoes what failed.
 */
const mustFinish = ({ kind, onlyIfFailed }: Operation, needed: OperationResult[]): boolean =>
  onlyIfFailed !== undefined || needed.some(({ operation }) => RESTORES[kind]?.includes(operation.kind));

async function carryOut(
  operation: Operation,
  app: string,
  { engine, files, agent }: Effects,
  resolve: (ref: ContainerRef) => string,
  { signal }: ApplyOptions,
  onCreated: (id: string) => void,
): Promise<OperationResult> {
  switch (operation.kind) {
    case 'writeFile':
      await files.write(operation.file, operation.old ?? []);
      return { operation, status: 'done' };
    case 'removeFile':
      await files.remove(operation.path);
      return { operation, status: 'done' };
    case 'await':
      return toldOutput(await lookOnce(operation, resolve(operation.container), engine), operation, resolve, engine);
    default: {
      const { containerId, warnings } = await engine.perform(operation satisfies EngineOperation, {
        app,
        agent,
        resolve,
        signal,
      });
      if (containerId) onCreated(containerId);
      return { operation, status: 'done', containerId, warnings: warnings.length > 0 ? warnings : undefined };
    }
  }
}

/**
 * Looks once: if the wait is not over, an event or a timer starts the next pass. An engine that does not answer says nothing about the container: it must
 * not begin the way back of a replacement that is well.
 */
async function lookOnce(
  operation: Operation & { kind: 'await' },
  id: string,
  engine: Engine,
): Promise<OperationResult> {
  try {
    const { containers } = await engine.observe({ images: [] });
    const found = containers.find((container) => container.id === id);
    return { operation, ...waitVerdict(operation, found) };
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    return { operation, status: 'waiting', reason: `${operation.container.name} cannot be seen now: ${error.message}` };
  }
}

/** The result of a wait for a hook, with the end of its output once it has ended. */
async function toldOutput(
  result: OperationResult,
  { conceals, container, syncHook, service }: Operation & { kind: 'await' },
  resolve: (ref: ContainerRef) => string,
  engine: Engine,
): Promise<OperationResult> {
  if (!conceals || (result.status !== 'done' && result.status !== 'failed')) return result;
  const output = lastWords(await engine.lastOutput(resolve(container)), conceals);
  if (result.status === 'done') return { ...result, ...(output && { output }) };
  const message = `the ${syncHook} hook ${service} failed: ${result.error.message}${output && `, last output: ${output}`}`;
  return { ...result, error: new EngineError('failed', message) };
}

function notReached(operation: Operation, because: OperationResult): OperationResult {
  switch (because.status) {
    case 'waiting':
      return { operation, status: 'waiting', reason: because.reason };
    case 'failed':
      return { operation, status: 'skipped', reason: `[${because.operation.id}] failed` };
    case 'withheld':
      return { operation, status: 'skipped', reason: `[${because.operation.id}] is withheld` };
    case 'skipped':
      return { operation, status: 'skipped', reason: because.reason };
    case 'done':
      throw new TypeError('a done operation holds nothing up');
  }
}

function asTyped(operation: Operation, error: unknown): HoldfastError {
  if (error instanceof HoldfastError) return error;
  const what = operation.kind === 'writeFile' ? `cannot write ${operation.file.path}` : operation.kind;
  return new StateError(`${what}: ${messageOf(error)}`, { cause: error });
}
