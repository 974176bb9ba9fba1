import type { Memory } from '../../model/memory.ts';
import type { Outcome } from '../../model/outcome.ts';
import type { Withheld } from '../../model/plan.ts';
import type { ActualContainer, DesiredApp, DesiredContainer, DesiredService, UpdatePolicy } from '../../model/state.ts';
import { retryKey, serviceKey } from '../../model/subject.ts';
import type { AppFacts } from '../facts/app-facts.ts';
import { isCompleted } from '../facts/containers.ts';
import { appDigest } from '../facts/goals.ts';
import type { Slot } from './decision.ts';

/**
 * `deploy.update_config` limits how many replicas of a service are replaced at once, sets a pause between them, and may let the others wait
 * when one has failed. It holds up neither the filling of empty slots nor the repair of right containers.
 */

/** Milliseconds until a replica that has yet to become healthy is looked at again, for engines whose events do not tell. */
const LOOK_MS = 5_000;

/** `old`: it has to be replaced. `begun`, `failed`: so has this one, and its replacement was begun or has failed before; it goes on. */
type State = 'vacant' | 'well' | 'starting' | 'failing' | 'begun' | 'failed' | 'old';

/** The reason for a replica to wait with its replacement, by its number. `slots` are all of one service. */
export function rollout(facts: AppFacts, service: DesiredService, slots: readonly Slot[]): Map<number, Withheld> {
  const { update } = service;
  if (!update || slots.length < 2 || facts.unpaced.has(service.name)) return new Map();
  const states = slots.map((slot) => ({ number: slot.id.number, state: stateOf(facts.memory, slot) }));
  const count = (...among: State[]): number => states.filter(({ state }) => among.includes(state)).length;
  const old = states.filter(({ state }) => state === 'old');

  const failed = count('failing', 'failed');
  const busy = count('starting', 'begun') + (update.failureAction === 'pause' ? count('failed') : 0);
  const pause = pauseOf(facts, service, update, failed);
  const free = pause ? 0 : update.parallelism === 0 ? old.length : Math.max(0, update.parallelism - busy);
  const oneByOne: Withheld = {
    by: 'updateConfig',
    text: `update_config replaces ${update.parallelism} of ${service.name} at once`,
    until: facts.now + LOOK_MS,
    turnOf: service.name,
  };
  return new Map(old.slice(free).map(({ number }) => [number, pause ?? oneByOne]));
}

function pauseOf(
  { memory, desired, digest, now }: AppFacts,
  { name, containers }: DesiredService,
  { failureAction, maxFailureRatio }: UpdatePolicy,
  failed: number,
): Withheld | undefined {
  if (failureAction === 'pause' && failed / containers.length > maxFailureRatio) {
    const text = `${failed} of ${containers.length} replicas of ${name} fail since they were updated, and update_config pauses then`;
    return { by: 'updateConfig', text };
  }
  const last = memory.rollouts[serviceKey({ app: desired.name, service: name })];
  if (!last || last.goal !== digest || last.until <= now) return undefined;
  const seconds = Math.ceil((last.until - now) / 1000);
  return { by: 'updateConfig', text: `update_config lets the next one follow in ${seconds} s`, until: last.until };
}

function stateOf(memory: Memory, { change, present, current, isOnTrial, wanted }: Slot): State {
  if (present.length === 0) return 'vacant';
  const right = current?.container;
  if (right && !isOnTrial && (present.length === 1 || right.status === 'running')) return conditionOf(right, wanted);
  if (present.length > 1) return 'begun';
  const backoff = memory.backoffs[retryKey(change.subject, 'converge')];
  return backoff?.goal === change.retry.goal ? 'failed' : 'old';
}

function conditionOf(container: ActualContainer, wanted: DesiredContainer): State {
  if (isCompleted(container, wanted) || container.status === 'paused') return 'well';
  if (container.status === 'created') return 'begun';
  if (container.status !== 'running' || container.health === 'unhealthy') return 'failing';
  return container.health === 'starting' ? 'starting' : 'well';
}

/** After each start of a replica the next replacement waits for the delay, and for as long as the new one is watched; changes `rollouts` in place. */
export function startPauses(rollouts: Memory['rollouts'], app: DesiredApp, outcome: Outcome, now: number): void {
  for (const { operation, status } of outcome.results) {
    if (operation.kind !== 'startContainer' || status !== 'done') continue;
    const update = app.services.find(({ name }) => name === operation.service)?.update;
    const pauseMs = update ? Math.max(update.delayMs, update.monitorMs) : 0;
    if (pauseMs > 0 && operation.service)
      rollouts[serviceKey({ app: app.name, service: operation.service })] = {
        goal: appDigest(app),
        pauseMs,
        until: now + pauseMs,
      };
  }
}

/** The pauses that are not over yet. */
export const openRollouts = (rollouts: Memory['rollouts'], now: number): Memory['rollouts'] =>
  Object.fromEntries(Object.entries(rollouts).filter(([, { until }]) => until > now));
