/** What is to be said of a key besides the engine's field that it becomes; by path below its section. */
export interface Note {
  /** Honoured by Holdfast itself, as by Docker Compose: no field of the engine stands for it. */
  ours?: true;
  /** Fields of the engine, where the field table does not name the key. */
  field?: string;
  text?: string;
}

const hooks = {
  '': { ours: true, text: 'run in the container by Holdfast' },
  '.command': { ours: true },
  '.user': { ours: true },
  '.privileged': { ours: true },
  '.working_dir': { ours: true },
  '.environment': { ours: true },
} as const satisfies Record<string, Note>;

const below = (key: string, notes: Record<string, Note>): Record<string, Note> =>
  Object.fromEntries(Object.entries(notes).map(([path, note]) => [`${key}${path}`, note]));

const request = { '.driver': {}, '.count': {}, '.device_ids': {}, '.capabilities': {}, '.options': {} };
const fileUse = {
  '.source': { ours: true },
  '.target': { ours: true },
  '.uid': { ours: true, text: 'noted for a `file`' },
  '.gid': { ours: true, text: 'noted for a `file`' },
  '.mode': { ours: true, text: 'noted for a `file`' },
} as const;
const rate = { '.path': {}, '.rate': {} };

/** Keys of a service. A key below one that has a field needs no note of its own unless there is something to say. */
export const SERVICE_NOTES: Record<string, Note> = {
  image: { field: 'Image' },
  container_name: { field: 'the name', text: 'else `APP-SERVICE-NUMBER`, as Compose has it' },
  command: { text: 'a string is split into words as Compose splits it' },
  entrypoint: { text: 'clears the command of the image' },
  platform: { field: '`platform` of the create call' },
  stop_grace_period: { text: 'whole seconds; 10 s where nothing is said' },
  labels: { text: 'those that begin with `com.docker.compose.` or `dev.holdfast.` are reserved' },
  label_file: { field: 'Labels' },
  annotations: { text: 'engines before API 1.43 take no notice of them' },
  restart: { text: 'what it covers is restarted by the engine; see selfHeal for the rest' },
  'healthcheck.start_interval': { text: 'API 1.44 (Docker 25)' },
  depends_on: { ours: true, text: 'gates creation and replacement; the conditions and `restart` as in Compose' },
  'depends_on.condition': { ours: true },
  'depends_on.required': { ours: true },
  'depends_on.restart': { ours: true, text: 'when the other is replaced, or restarted because it is unhealthy' },
  profiles: { ours: true, text: 'on or off by the Application' },
  pull_policy: {
    ours: true,
    text: '`always`, `missing` and `never`; `build` is noted and counts as `missing`; `daily`, `weekly` and `every_…` are refused',
  },
  scale: { ours: true, text: 'number of containers' },
  deploy: { ours: true, text: 'what it means on one host' },
  'deploy.replicas': { ours: true, text: 'number of containers' },
  'deploy.mode': {
    ours: true,
    text: '`replicated`; `global`, which is one on each host; jobs are noted, as they are for Swarm',
  },
  'deploy.resources': { ours: true, text: 'count instead of the keys at the top, which must not say otherwise' },
  'deploy.resources.limits.cpus': { field: 'NanoCpus' },
  'deploy.resources.limits.memory': { field: 'Memory' },
  'deploy.resources.limits.pids': { field: 'PidsLimit' },
  'deploy.resources.reservations.memory': { field: 'MemoryReservation' },
  'deploy.resources.reservations.devices': { field: 'DeviceRequests' },
  ...below('deploy.resources.reservations.devices', request),
  'deploy.restart_policy': { field: 'RestartPolicy', text: 'counts instead of `restart`' },
  'deploy.update_config': { ours: true, text: 'how the replicas of a service are replaced; Docker Compose ignores it' },
  'deploy.update_config.parallelism': { ours: true, text: 'replicas at once; 0 is all, and 1 the default' },
  'deploy.update_config.delay': { ours: true },
  'deploy.update_config.order': {
    ours: true,
    text: '`start-first`: the old container is stopped once the new one runs well; noted where the two cannot run side by side',
  },
  'deploy.update_config.failure_action': {
    ours: true,
    text: '`pause` or `continue`; `rollback` is noted and counts as `pause`',
  },
  'deploy.update_config.monitor': { ours: true },
  'deploy.update_config.max_failure_ratio': { ours: true },
  environment: { text: "a name without a value takes the one of the site's values" },
  env_file: { field: 'Env', text: 'read from Git; loses to `environment`' },
  extends: { ours: true, text: 'from the same file or another one of the repo' },
  configs: { ours: true, text: 'a `file` is bound read-only; content is put into the container before every start' },
  ...below('configs', fileUse),
  secrets: { ours: true, text: 'as configs, below `/run/secrets`' },
  ...below('secrets', fileUse),
  volumes: {
    text: 'short and plain ones become Binds, the rest Mounts, as in Compose; files and folders of Git are written to the site, those from outside of the app’s folder as copies; `~` needs HOME among the site’s values',
  },
  'volumes.type': {
    text: '`bind`, `volume`, `tmpfs`, `image` (API 1.48, Docker 28); `npipe` and `cluster` are refused',
  },
  'volumes.consistency': { ours: true, text: 'has no effect on Linux, as in Compose; a warning says so' },
  'volumes.bind.recursive': { text: '`writable` and `readonly` need API 1.44 (Docker 25)' },
  'volumes.bind.selinux': { text: 'refused beside what makes Compose drop it' },
  'volumes.volume.subpath': { text: 'API 1.45 (Docker 26)' },
  'volumes.image': { text: 'API 1.48 (Docker 28); the image is pulled before anything is stopped' },
  volumes_from: { text: 'modes but `rw` are refused: Compose loses them' },
  devices: { text: 'names of the Container Device Interface become DeviceRequests' },
  networks: { field: 'EndpointsConfig', text: 'joined and left without a new container where they change' },
  'networks.mac_address': { text: 'before API 1.44 on the first network only' },
  'networks.priority': { ours: true, text: 'the highest is the network at create' },
  'networks.gw_priority': { field: 'EndpointsConfig', text: 'API 1.48 (Docker 28)' },
  'networks.interface_name': { field: 'EndpointsConfig', text: 'API 1.49 (Docker 28.1)' },
  links: {
    field: 'EndpointsConfig.Links',
    text: 'names on the networks of the app; implies depends_on, with `restart: true`',
  },
  external_links: { field: 'EndpointsConfig.Links', text: 'not with network_mode' },
  mac_address: { field: 'MacAddress', text: 'of the first network' },
  'ports.mode': { ours: true, text: 'both modes mean the same on one host' },
  'ports.name': { ours: true, text: 'for people; the engine is not told' },
  'ports.app_protocol': { ours: true, text: 'for proxies; the engine is not told' },
  network_mode: { text: '`service:NAME`: replaced when that one is replaced' },
  security_opt: {
    text: 'a profile of seccomp is read from Git; `systempaths=unconfined` is made of masked and read-only paths',
  },
  mem_limit: { field: 'Memory' },
  gpus: { text: '`all`, or a list' },
  ...below('gpus', request),
  ...below('blkio_config.device_read_bps', rate),
  ...below('blkio_config.device_read_iops', rate),
  ...below('blkio_config.device_write_bps', rate),
  ...below('blkio_config.device_write_iops', rate),
  blkio_config: { ours: true, text: 'see below' },
  'x-holdfast': { ours: true, text: "Holdfast's own, below services only; Docker Compose ignores it" },
  'x-holdfast.failedJob': {
    ours: true,
    text: '`leave`: a container with `restart: "no"` or `on-failure` that ended with an error is not started again; usual is `restart`',
  },
  ...below('post_start', hooks),
  ...below('pre_stop', hooks),
};

export const NETWORK_NOTES: Record<string, Note> = {
  name: { field: 'Name', text: 'else `APP_KEY`' },
  driver: { field: 'Driver' },
  driver_opts: { field: 'Options' },
  internal: { field: 'Internal' },
  attachable: { field: 'Attachable' },
  enable_ipv4: { field: 'EnableIPv4', text: '`false` needs API 1.48 (Docker 28)' },
  enable_ipv6: { field: 'EnableIPv6' },
  external: { ours: true, text: 'must exist; never made, changed or removed' },
  labels: { field: 'Labels' },
  ipam: { field: 'IPAM' },
};

export const VOLUME_NOTES: Record<string, Note> = {
  name: { field: 'Name', text: 'else `APP_KEY`' },
  driver: { field: 'Driver' },
  driver_opts: { field: 'DriverOpts' },
  external: { ours: true, text: 'must exist; never made or removed' },
  labels: { field: 'Labels', text: 'a volume keeps those it was born with' },
};

export const FILE_NOTES: Record<string, Note> = {
  name: { ours: true, text: 'has no effect, as in Compose' },
  file: { ours: true, text: 'in Git; bound read-only' },
  environment: { ours: true, text: "one of the site's values" },
  content: { ours: true },
};

export const TOP_NOTES: Record<string, Note> = {
  version: { ours: true, text: 'obsolete; a warning says so' },
  name: { ours: true, text: "the app's name, where no Application gives one" },
  services: { ours: true },
  networks: { ours: true, text: 'what no service uses is not made' },
  volumes: { ours: true, text: 'what no service uses is not made' },
  configs: { ours: true },
  secrets: { ours: true },
};

/** Keys that the loader resolves before the others are read, by section. */
export const LOADER_NOTES: Record<string, Record<string, string>> = {
  'Top level': {
    include: 'files of the repo; those elsewhere are refused',
    'include.path': 'one file or several, merged',
    'include.project_directory': '',
    'include.env_file': '',
  },
  Services: { 'extends.service': '', 'extends.file': 'a file of the repo' },
};
