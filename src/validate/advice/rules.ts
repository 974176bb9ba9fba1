import type { Declared } from '../../compose/keys/project.ts';
import type { ServiceKeys } from '../../compose/keys/service-keys.ts';
import type { Position } from '../../lib/errors.ts';
import { looksSecret } from '../../lib/text/looks-secret.ts';
import { entryOf } from '../../yaml/node.ts';

type Service = Declared<ServiceKeys>;

/** Something of a service that a rule advises against. */
export interface Finding {
  /** Absent: at the name of the service. */
  at?: Position | undefined;
  /** Follows the name of the service: `has no memory limit`. */
  found: string;
}

/** Advice from the practice of edge sites: nothing is wrong, and something may go wrong. */
export interface Rule {
  name: string;
  /** Says what may go wrong. */
  reason: string;
  remedy: string;
  find(service: Service): Finding[];
}

const when = (holds: boolean, found: string, at?: Position): Finding[] => (holds ? [{ found, at }] : []);

const atKey = ({ node }: Service, key: string): Position | undefined => entryOf(node, key)?.keyAt;

/** True for a service that runs once: it neither stays up nor has a health. */
const isHook = ({ keys }: Service): boolean => keys['x-holdfast']?.hook !== undefined;

/** True for a service that runs once: it neither stays up nor has a health. */
const isJob = (service: Service): boolean => isHook(service) || restartsOnFailure(service);

const restartsOnFailure = ({ keys }: Service): boolean =>
  keys.restart?.written === 'no' || keys.restart?.written?.startsWith('on-failure') === true;

const limitsOf = ({ keys }: Service) => keys.deploy?.resources?.limits;

/** Folders in which the sockets of engines lie, and all above them. */
const SOCKET =
  /^(?:\/|\/(?:var\/)?(?:run)?(?:\/podman|\/containerd)?\/?|\/.*\/(?:docker|podman|containerd)\.sock|\/run\/user\/.*\.sock)$/;
const SYSTEM = /^\/(?:|etc|usr|bin|sbin|lib|boot|root|home|var|proc|sys|dev)\/?$/;
const STRONG = new Set(['ALL', 'SYS_ADMIN', 'SYS_MODULE', 'SYS_PTRACE', 'SYS_RAWIO', 'DAC_READ_SEARCH', 'BPF']);

const bindsOf = ({ keys }: Service) => (keys.volumes ?? []).filter(({ Type }) => Type === 'bind');

export const RULES: readonly Rule[] = [
  {
    name: 'image-tag',
    reason: 'each site runs the version that was newest when it pulled, and Git cannot tell or bring back which',
    remedy: 'name a version: image: nginx:1.27.3, or a digest',
    find: (service) => {
      const { image } = service.keys;
      if (image === undefined || image.includes('@') || image.includes('{{')) return [];
      const tag = /:([^/:]+)$/.exec(image)?.[1];
      return when(
        tag === undefined || tag === 'latest',
        tag === undefined ? 'runs an image without a tag' : 'runs the tag latest',
        atKey(service, 'image'),
      );
    },
  },
  {
    name: 'memory-limit',
    reason: 'a leak in it takes the memory of all apps of the site',
    remedy: 'set mem_limit, or memory in the defaults of the Fleet',
    find: (service) => when(!service.keys.mem_limit && !limitsOf(service)?.memory, 'has no memory limit'),
  },
  {
    name: 'pids-limit',
    reason: 'a loop that starts processes stops the whole site',
    remedy: 'set pids_limit, or pids in the defaults of the Fleet',
    find: (service) =>
      when(!((service.keys.pids_limit ?? 0) > 0) && !limitsOf(service)?.pids, 'has no limit of processes'),
  },
  {
    name: 'log-rotation',
    reason: 'Docker keeps its log without an end, until the disk of the site is full',
    remedy: 'set logging with max-size, or logging in the defaults of the Fleet; the driver local rotates by itself',
    find: (service) => {
      const { driver = 'json-file', options = {} } = service.keys.logging ?? {};
      return when(
        driver === 'json-file' && !options['max-size'],
        'has a log without a limit',
        atKey(service, 'logging'),
      );
    },
  },
  {
    name: 'restart-policy',
    reason: 'after a power cut it waits for the agent, and the agent for the engine and its own start',
    remedy: 'write restart: unless-stopped; for a job, restart: "no"',
    find: (service) =>
      when(!isHook(service) && !service.keys.restart && !service.keys.deploy?.restart_policy, 'has no restart policy'),
  },
  {
    name: 'healthcheck',
    reason: 'nobody notices when it hangs: no rollout waits for its health, and nothing restarts it',
    remedy: 'write a healthcheck; silence this rule if the image brings one',
    find: (service) => when(!isJob(service) && !service.keys.healthcheck, 'has no healthcheck'),
  },
  {
    name: 'stop-grace',
    reason: 'it keeps data, and is killed 10 s after it is asked to stop',
    remedy: 'set stop_grace_period to the time that it needs to write everything',
    find: (service) => {
      const keeps = (service.keys.volumes ?? []).some(({ Type, ReadOnly }) => Type === 'volume' && !ReadOnly);
      return when(keeps && service.keys.stop_grace_period === undefined, 'has a volume and no stop_grace_period');
    },
  },
  {
    name: 'privileged',
    reason: 'an intruder in it owns the machine',
    remedy: 'give it the devices and capabilities that it needs',
    find: (service) => when(service.keys.privileged === true, 'is privileged', atKey(service, 'privileged')),
  },
  {
    name: 'capabilities',
    reason: 'an intruder in it can leave the container',
    remedy: 'leave the capability out, or find a weaker one',
    find: (service) =>
      (service.keys.cap_add ?? [])
        .filter((name) => STRONG.has(name.toUpperCase().replace(/^CAP_/, '')))
        .map((name) => ({ found: `adds the capability ${name}`, at: atKey(service, 'cap_add') })),
  },
  {
    name: 'engine-socket',
    reason: 'a program that reaches the socket of the engine owns the machine and every container on it',
    remedy: 'do without it, or put a proxy before it that lets through what is needed',
    find: (service) =>
      bindsOf(service)
        .filter(({ Source = '' }) => SOCKET.test(Source))
        .map(({ Source, at }) => ({ found: `binds ${Source}, where the socket of the engine is`, at })),
  },
  {
    name: 'system-folder',
    reason: 'a fault in it can make the machine unable to start, and nobody is there to mend it',
    remedy: 'bind the folder that it needs, or bind it read-only',
    find: (service) =>
      bindsOf(service)
        .filter(({ Source = '', ReadOnly }) => !ReadOnly && SYSTEM.test(Source))
        .map(({ Source, at }) => ({ found: `may write to ${Source}`, at })),
  },
  {
    name: 'host-network',
    reason: 'it takes ports of the machine that no file names, and everybody in the network of the site reaches them',
    remedy: 'publish the ports that it needs',
    find: (service) =>
      when(service.keys.network_mode === 'host', 'uses the network of the host', atKey(service, 'network_mode')),
  },
  {
    name: 'host-namespaces',
    reason: 'it sees and can end the processes of all others',
    remedy: 'leave it out',
    find: (service) =>
      (['pid', 'ipc'] as const).flatMap((key) =>
        when(service.keys[key] === 'host', `uses the ${key} namespace of the host`, atKey(service, key)),
      ),
  },
  {
    name: 'device-name',
    reason: 'such names are given in the order of plugging in, and change at a reboot',
    remedy: 'name it by /dev/serial/by-id/…, or by a rule of udev',
    find: (service) =>
      (service.keys.devices ?? [])
        .filter(({ PathOnHost }) => /^\/dev\/(?:tty(?:USB|ACM)|video|sd[a-z])\d*$/.test(PathOnHost))
        .map(({ PathOnHost }) => ({ found: `uses ${PathOnHost}`, at: atKey(service, 'devices') })),
  },
  {
    name: 'secret-environment',
    reason: 'the engine keeps the environment on its disk and shows it to everybody who may inspect the container',
    remedy: 'give it to the container as one of its secrets, a file',
    find: (service) =>
      (service.keys.environment ?? [])
        .filter(({ name, value }) => looksSecret(name, value?.replaceAll('$', '') ?? 'known elsewhere'))
        .map(({ name, at }) => ({ found: `has ${name} in its environment`, at })),
  },
];
