import {
  bytes,
  type Decoded,
  type Decoder,
  decimal,
  integer,
  map,
  record,
  refused,
  shapedAs,
  text,
  word,
} from './decode.ts';
import { reservedDevices } from './devices.ts';
import { deployRestart } from './restart.ts';

const SWARM = 'it is for Swarm, and Docker Compose ignores it';

/** Bytes with or without a unit; unlike elsewhere Compose takes no number for it. */
const memory: Decoder<number> = (node, report) => (text(node, report) === undefined ? undefined : bytes(node, report));

/** A bridge network has about as many ports. */
const MAX_REPLICAS = 1000;

/** How many containers a service shall have. */
export const replicas: Decoder<number> = map(integer(0), (count, node, report) =>
  count > MAX_REPLICAS
    ? report.error(node, `more than ${MAX_REPLICAS} containers of one service are more than one engine runs`)
    : count,
);

const KEYS = {
  replicas,
  mode: word('replicated', 'global'),
  resources: record('deploy.resources', {
    limits: record('deploy.resources.limits', { cpus: decimal, memory, pids: integer(-1) }),
    reservations: record('deploy.resources.reservations', {
      memory,
      devices: reservedDevices,
      cpus: refused('the engine reserves no CPUs, and Docker Compose ignores it; use cpu_shares to give weight'),
      generic_resources: refused(SWARM),
    }),
  }),
  restart_policy: deployRestart,
  labels: refused(`${SWARM}; use labels of the service`),
  endpoint_mode: refused(SWARM),
  placement: refused(`${SWARM}; an Application's placement says on which sites it runs`),
  update_config: refused(SWARM),
  rollback_config: refused(SWARM),
};

export type Deploy = Decoded<typeof KEYS>;

const DEPLOY = record('deploy', KEYS);

/** `deploy`, as far as it means something without Swarm. */
export const deploy: Decoder<Deploy> = (node, report) =>
  node.kind === 'scalar' && node.value === null ? undefined : DEPLOY(node, report);
shapedAs(DEPLOY, deploy);
