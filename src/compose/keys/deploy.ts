import type { UpdatePolicy } from '../../model/state.ts';
import {
  bytes,
  type Decoder,
  decimal,
  duration,
  integer,
  list,
  map,
  stringRecord,
  text,
  withShape,
  word,
} from './decode.ts';
import { reservedDevices } from './host/devices.ts';
import { deployRestart } from './process/restart.ts';
import { type Decoded, noted, record } from './record.ts';

const SWARM = 'it is for Swarm';

/** Bytes with or without a unit. Here Compose accepts a string but no number. */
const memory: Decoder<number> = (node, report) => (text(node, report) === undefined ? undefined : bytes(node, report));

/** The number of containers of a service. */
export const replicas: Decoder<number> = integer(0);

const failureAction = word('pause', 'continue', 'rollback');

const UPDATE_KEYS = {
  parallelism: integer(0),
  delay: duration,
  failure_action: map(failureAction, (action, { at }, report) => {
    const why = 'failure_action: rollback works like pause, because Holdfast does not roll back by itself';
    if (action === 'rollback') report.warn(at, why, 'commit what ran well before to go back');
    return action;
  }),
  monitor: duration,
  max_failure_ratio: decimal,
  order: word('stop-first', 'start-first'),
};

const PLACEMENT = record('deploy.placement', {
  constraints: list(text),
  preferences: list(record('deploy.placement.preferences', { spread: text })),
  max_replicas_per_node: integer(0),
});

const GENERIC = record('a generic resource', {
  discrete_resource_spec: record('discrete_resource_spec', { kind: text, value: decimal }),
});

const KEYS = {
  replicas,
  mode: map(word('replicated', 'global', 'replicated-job', 'global-job'), (mode, { at }, report) => {
    if (/job$/.test(mode))
      report.warn(at, `mode ${mode} has no effect: ${SWARM}`, 'for a task that runs once, write restart: "no"');
    return mode;
  }),
  resources: record('deploy.resources', {
    limits: record('deploy.resources.limits', { cpus: decimal, memory, pids: integer(-1) }),
    reservations: record('deploy.resources.reservations', {
      memory,
      devices: reservedDevices,
      cpus: noted('the engine reserves no CPUs; use cpu_shares to give weight', decimal),
      generic_resources: noted(SWARM, list(GENERIC)),
    }),
  }),
  restart_policy: deployRestart,
  labels: noted(`${SWARM}; the labels of the service are the labels of its containers`, stringRecord),
  endpoint_mode: noted(SWARM, text),
  placement: noted(`${SWARM}; an Application's placement chooses its sites`, PLACEMENT),
  update_config: record('deploy.update_config', UPDATE_KEYS),
  rollback_config: noted(
    `${SWARM}; commit what ran well before to go back`,
    record('deploy.rollback_config', { ...UPDATE_KEYS, failure_action: failureAction }),
  ),
};

/** The settings for replacing replicas, with Swarm's defaults; undefined when they are absent. */
export function updatePolicyOf(keys: Deploy | undefined): UpdatePolicy | undefined {
  const update = keys?.update_config;
  if (!update) return undefined;
  const milliseconds = (nanoseconds: number): number => Math.ceil(nanoseconds / 1e6);
  return {
    parallelism: update.parallelism ?? 1,
    delayMs: milliseconds(update.delay ?? 0),
    monitorMs: milliseconds(update.monitor ?? 5e9),
    failureAction: update.failure_action === 'continue' ? 'continue' : 'pause',
    maxFailureRatio: update.max_failure_ratio ?? 0,
    order: update.order ?? 'stop-first',
  };
}

export type Deploy = Decoded<typeof KEYS>;

const DEPLOY = record('deploy', KEYS);

/** Reads `deploy`, as far as it has a meaning without Swarm. */
export const deploy: Decoder<Deploy> = withShape(DEPLOY.shape, (node, report) =>
  node.kind === 'scalar' && node.value === null ? undefined : DEPLOY(node, report),
);
