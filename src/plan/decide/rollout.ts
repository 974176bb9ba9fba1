import type { Memory } from '../../model/memory.ts';
import type { Outcome } from '../../model/outcome.ts';
import type { Withheld } from '../../model/plan.ts';
import type { ActualContainer, DesiredApp, DesiredContainer, DesiredService } from '../../model/state.ts';
import { retryKey, serviceKey, slotSubject } from '../../model/subject.ts';
import type { AppContext } from '../context.ts';
import { appDigest } from '../facts/app-digest.ts';
import { placeGoal } from '../facts/joined.ts';
import { ownedFields } from '../facts/owned-fields.ts';
import { isCompleted } from '../heal.ts';
import { assess } from './assess.ts';
import { withOutsideReasons } from './external-reasons.ts';
import { isOnTrial } from './steady.ts';

/**
 * `deploy.update_config`: how many replicas of a service are replaced at once, how long after one the next one may be, and whether the others wait
 * when one has failed. What is vacant is filled and what is right is healed whatever it says.
 */

/** Milliseconds until a replica that has yet to become healthy is looked at again on an engine whose events say nothing of it. */
const LOOK_MS = 5_000;

/** `begun` and `failed` are to be replaced, and the replacement was begun, or has failed before; it is gone on with. `old` is to be replaced. */
type State = 'vacant' | 'well' | 'starting' | 'failing' | 'begun' | 'failed' | 'old';

/** Why the replacement of a replica has to wait, by its number. */
export function pace(context: AppContext, service: DesiredService): Map<number, Withheld> {
  const { update, containers } = service;
  if (!update || containers.length < 2) return new Map();
  const states = containers.map((wanted) => ({ number: wanted.number, state: stateOf(context, service, wanted) }));
  const count = (...among: State[]): number => states.filter(({ state }) => among.includes(state)).length;
  const old = states.filter(({ state }) => state === 'old');

  const failed = count('failing', 'failed');
  const busy = count('starting', 'begun') + (update.failureAction === 'pause' ? count('failed') : 0);
  const pause = pauseOf(context, service, failed);
  const free = pause ? 0 : update.parallelism === 0 ? old.length : Math.max(0, update.parallelism - busy);
  const oneByOne: Withheld = {
    by: 'updateConfig',
    text: `update_config replaces ${update.parallelism} of ${service.name} at once`,
    until: context.now + LOOK_MS,
  };
  return new Map(old.slice(free).map(({ number }) => [number, pause ?? oneByOne]));
}

function pauseOf(
  context: AppContext,
  { name, update, containers }: DesiredService,
  failed: number,
): Withheld | undefined {
  if (!update) return undefined;
  if (update.failureAction === 'pause' && failed / containers.length > update.maxFailureRatio) {
    const text = `${failed} of ${containers.length} replicas of ${name} fail since they were updated, and update_config pauses then`;
    return { by: 'updateConfig', text };
  }
  const rollout = context.memory.rollouts[serviceKey({ app: context.desired.name, service: name })];
  if (!rollout || rollout.goal !== context.digest || rollout.until <= context.now) return undefined;
  const seconds = Math.ceil((rollout.until - context.now) / 1000);
  return { by: 'updateConfig', text: `update_config lets the next one follow in ${seconds} s`, until: rollout.until };
}

function stateOf(context: AppContext, service: DesiredService, wanted: DesiredContainer): State {
  const { actual, desired, memory, newNetworks } = context;
  const present = actual.containers.filter(
    ({ identity, status }) =>
      identity.app === desired.name &&
      identity.service === service.name &&
      identity.number === wanted.number &&
      status !== 'removing',
  );
  if (present.length === 0) return 'vacant';
  const owned = ownedFields(desired, service.name);
  const isRight = (found: ActualContainer): boolean =>
    withOutsideReasons(context, wanted, assess(wanted, found, actual, newNetworks, owned)).replace.length === 0;
  const right = present.find(isRight);
  if (right && isOnTrial(service, wanted, right, present)) return 'begun';
  if (right && (present.length === 1 || right.status === 'running')) return conditionOf(right, wanted);
  if (present.length > 1) return 'begun';
  const backoff =
    memory.backoffs[
      retryKey(slotSubject({ app: desired.name, service: service.name, number: wanted.number }), 'converge')
    ];
  return backoff?.goal === placeGoal(desired, wanted, context.neighbours) ? 'failed' : 'old';
}

function conditionOf(container: ActualContainer, wanted: DesiredContainer): State {
  if (isCompleted(container, wanted) || container.status === 'paused') return 'well';
  if (container.status === 'created') return 'begun';
  if (container.status !== 'running' || container.health === 'unhealthy') return 'failing';
  return container.health === 'starting' ? 'starting' : 'well';
}

/** After each start of a replica the next replacement waits for the delay, and for as long as the new one is watched; changes `rollouts` in place. */
export function learnRollouts(rollouts: Memory['rollouts'], app: DesiredApp, outcome: Outcome, now: number): void {
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

/** Those that are not over yet. */
export const openRollouts = (rollouts: Memory['rollouts'], now: number): Memory['rollouts'] =>
  Object.fromEntries(Object.entries(rollouts).filter(([, { until }]) => until > now));
