/** The notes on a key besides its field in the engine, by the path below its section. */
export interface Note {
  /** Holdfast handles the key itself, as Docker Compose does. The engine has no field for it. */
  ours?: true;
  /** The fields of the engine, if the field table does not name the key. */
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

/** Keys of a service. A key below one with a field needs no note of its own. */
export const SERVICE_NOTES: Record<string, Note> = {
  image: { field: 'Image' },
  container_name: { field: 'the name', text: 'by default `APP-SERVICE-NUMBER`, as in Compose' },
  command: { text: 'a string is split into words as Compose splits it' },
  entrypoint: { text: 'also clears the command of the image' },
  platform: { field: '`platform` of the create call' },
  stop_grace_period: { text: 'whole seconds; by default 10 s' },
  labels: { text: 'labels that begin with `com.docker.compose.` or `dev.holdfast.` are reserved' },
  label_file: { field: 'Labels' },
  annotations: { text: 'engines before API 1.43 ignore them' },
  restart: { text: 'the engine restarts the container; selfHeal does the rest' },
  'healthcheck.start_interval': { text: 'API 1.44 (Docker 25)' },
  depends_on: { ours: true, text: 'delays creation and replacement; conditions and `restart` work as in Compose' },
  'depends_on.condition': { ours: true },
  'depends_on.required': { ours: true },
  'depends_on.restart': { ours: true, text: 'when the other is replaced, or restarted because it is unhealthy' },
  profiles: { ours: true, text: 'on or off by the Application' },
  pull_policy: {
    ours: true,
    text: '`always`, `missing` and `never`; `build` is noted and counts as `missing`; `daily`, `weekly` and `every_…` are refused',
  },
  scale: { ours: true, text: 'number of containers' },
  deploy: { ours: true, text: 'as far as it has a meaning on one host' },
  'deploy.replicas': { ours: true, text: 'number of containers' },
  'deploy.mode': {
    ours: true,
    text: '`replicated`, or `global`: one on each host; jobs are noted, because they are for Swarm',
  },
  'deploy.resources': { ours: true, text: 'overrides the keys of the service, which must not differ' },
  'deploy.resources.limits.cpus': { field: 'NanoCpus' },
  'deploy.resources.limits.memory': { field: 'Memory' },
  'deploy.resources.limits.pids': { field: 'PidsLimit' },
  'deploy.resources.reservations.memory': { field: 'MemoryReservation' },
  'deploy.resources.reservations.devices': { field: 'DeviceRequests' },
  ...below('deploy.resources.reservations.devices', request),
  'deploy.restart_policy': { field: 'RestartPolicy', text: 'overrides `restart`' },
  'deploy.update_config': { ours: true, text: 'paces the replacement of replicas; Docker Compose ignores it' },
  'deploy.update_config.parallelism': { ours: true, text: 'replicas at a time; 0 means all; by default 1' },
  'deploy.update_config.delay': { ours: true },
  'deploy.update_config.order': {
    ours: true,
    text: '`start-first`: the old container stops when the new one runs well; noted when the two cannot run at the same time',
  },
  'deploy.update_config.failure_action': {
    ours: true,
    text: '`pause` or `continue`; `rollback` is noted and works like `pause`',
  },
  'deploy.update_config.monitor': { ours: true },
  'deploy.update_config.max_failure_ratio': { ours: true },
  environment: { text: "a name without a value takes the site's value" },
  env_file: { field: 'Env', text: 'read from Git; `environment` overrides it' },
  extends: { ours: true, text: 'from the same file or another one of the repo' },
  configs: { ours: true, text: 'a `file` is bound read-only; content is copied into the container before every start' },
  ...below('configs', fileUse),
  secrets: { ours: true, text: 'as configs, below `/run/secrets`' },
  ...below('secrets', fileUse),
  volumes: {
    text: 'short and plain ones become Binds, the rest Mounts, as in Compose; files and folders of Git are written to the site, or copied if they are outside the app’s folder; `~` needs HOME among the site’s values',
  },
  'volumes.type': {
    text: '`bind`, `volume`, `tmpfs`, `image` (API 1.48, Docker 28); `npipe` and `cluster` are refused',
  },
  'volumes.consistency': { ours: true, text: 'has no effect on Linux, as in Compose; a warning says so' },
  'volumes.bind.recursive': { text: '`writable` and `readonly` need API 1.44 (Docker 25)' },
  'volumes.bind.selinux': { text: 'refused together with options that make Compose drop it' },
  'volumes.volume.subpath': { text: 'API 1.45 (Docker 26)' },
  'volumes.image': { text: 'API 1.48 (Docker 28); the image is pulled before anything is stopped' },
  volumes_from: { text: 'every mode except `rw` is refused, because Compose loses it' },
  devices: { text: 'names of the Container Device Interface become DeviceRequests' },
  networks: { field: 'EndpointsConfig', text: 'a change connects or disconnects the container without replacing it' },
  'networks.mac_address': { text: 'before API 1.44 only on the first network' },
  'networks.priority': { ours: true, text: 'the network with the highest priority is the first one' },
  'networks.gw_priority': { field: 'EndpointsConfig', text: 'API 1.48 (Docker 28)' },
  'networks.interface_name': { field: 'EndpointsConfig', text: 'API 1.49 (Docker 28.1)' },
  links: {
    field: 'EndpointsConfig.Links',
    text: 'names on the networks of the app; implies depends_on, with `restart: true`',
  },
  external_links: { field: 'EndpointsConfig.Links', text: 'not with network_mode' },
  mac_address: { field: 'MacAddress', text: 'on the first network' },
  'ports.mode': { ours: true, text: 'both modes are the same on one host' },
  'ports.name': { ours: true, text: 'for people; the engine does not get it' },
  'ports.app_protocol': { ours: true, text: 'for proxies; the engine does not get it' },
  network_mode: { text: '`service:NAME`: replaced together with that service' },
  security_opt: {
    text: 'a seccomp profile is read from Git; `systempaths=unconfined` empties masked and read-only paths',
  },
  gpus: { text: '`all`, or a list' },
  ...below('gpus', request),
  ...below('blkio_config.device_read_bps', rate),
  ...below('blkio_config.device_read_iops', rate),
  ...below('blkio_config.device_write_bps', rate),
  ...below('blkio_config.device_write_iops', rate),
  blkio_config: { ours: true, text: 'see below' },
  'x-holdfast': { ours: true, text: "Holdfast's own key, only below services; Docker Compose ignores it" },
  'x-holdfast.failedJob': {
    ours: true,
    text: '`leave`: a container with `restart: "no"` or `on-failure` that ended with an error is not started again; by default `restart`',
  },
  'x-holdfast.ignoreAdvice': {
    ours: true,
    text: 'names of rules that `validate --advice` leaves out for this service',
  },
  'x-holdfast.hook': {
    ours: true,
    text: '`PreSync`, `PostSync`, `SyncFail`: it runs once for each change of its app, see [hooks.md](hooks.md)',
  },
  'x-holdfast.hookTimeout': { ours: true, text: 'the longest time that a hook may take; by default `10m`' },
  ...below('post_start', hooks),
  ...below('pre_stop', hooks),
};

export const NETWORK_NOTES: Record<string, Note> = {
  name: { field: 'Name', text: 'by default `APP_KEY`' },
  driver: { field: 'Driver' },
  driver_opts: { field: 'Options' },
  internal: { field: 'Internal' },
  attachable: { field: 'Attachable' },
  enable_ipv4: { field: 'EnableIPv4', text: '`false` needs API 1.48 (Docker 28)' },
  enable_ipv6: { field: 'EnableIPv6' },
  external: { ours: true, text: 'must exist; never created, changed or removed' },
  labels: { field: 'Labels' },
  ipam: { field: 'IPAM' },
};

export const VOLUME_NOTES: Record<string, Note> = {
  name: { field: 'Name', text: 'by default `APP_KEY`' },
  driver: { field: 'Driver' },
  driver_opts: { field: 'DriverOpts' },
  external: { ours: true, text: 'must exist; never created or removed' },
  labels: { field: 'Labels', text: 'a volume keeps the labels of its creation' },
};

export const FILE_NOTES: Record<string, Note> = {
  name: { ours: true, text: 'has no effect, as in Compose' },
  file: { ours: true, text: 'in Git; bound read-only' },
  environment: { ours: true, text: "one of the site's values" },
  content: { ours: true },
};

export const TOP_NOTES: Record<string, Note> = {
  version: { ours: true, text: 'obsolete; a warning says so' },
  name: { ours: true, text: "the app's name, if there is no Application" },
  services: { ours: true },
  networks: { ours: true, text: 'not created when no service uses it' },
  volumes: { ours: true, text: 'not created when no service uses it' },
  configs: { ours: true },
  secrets: { ours: true },
};

/** Keys that the loader resolves before the others are decoded, by section. */
export const LOADER_NOTES: Record<string, Record<string, string>> = {
  'Top level': {
    include: 'files of the repo; other files are refused',
    'include.path': 'one file or several, merged',
    'include.project_directory': '',
    'include.env_file': '',
  },
  Services: { 'extends.service': '', 'extends.file': 'a file of the repo' },
};
