import { type Entries, RULE_NAMES, RULES, type RuleName } from './rules.ts';

/** The capabilities of a container that asks for none. */
export const DEFAULT_CAPABILITIES: readonly string[] = [
  'AUDIT_WRITE',
  'CHOWN',
  'DAC_OVERRIDE',
  'FOWNER',
  'FSETID',
  'KILL',
  'MKNOD',
  'NET_BIND_SERVICE',
  'NET_RAW',
  'SETFCAP',
  'SETGID',
  'SETPCAP',
  'SETUID',
  'SYS_CHROOT',
];

/** Files that say the time zone, the time and the authorities of the machine. */
const HARMLESS_FILES = [
  '/etc/localtime:ro',
  '/etc/timezone:ro',
  '/usr/share/zoneinfo:ro',
  '/etc/ssl/certs:ro',
  '/usr/share/ca-certificates:ro',
];

const PRIVATE_SUBNETS = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7'];

const HARMLESS_NETWORK_OPTIONS = [
  'com.docker.network.bridge.enable_icc',
  'com.docker.network.bridge.enable_ip_masquerade',
  'com.docker.network.bridge.gateway_mode_ipv4=isolated',
  'com.docker.network.bridge.gateway_mode_ipv4=nat',
  'com.docker.network.bridge.gateway_mode_ipv6=isolated',
  'com.docker.network.bridge.gateway_mode_ipv6=nat',
  'com.docker.network.bridge.host_binding_ipv4',
  'com.docker.network.container_iface_prefix',
  'com.docker.network.driver.mtu',
  'com.docker.network.enable_ipv4',
  'com.docker.network.enable_ipv6',
  'com.docker.network.endpoint.ifname',
  'isolate',
  'mtu',
].flatMap((option) => (option.includes('=') ? [option] : [`${option}=*`]));

/** Serial lines, cameras, sound, graphics and buses: with them, no app reaches the disks or the memory of the machine. */
const HARMLESS_DEVICES = [
  '/dev/ttyACM*',
  '/dev/ttyAMA*',
  '/dev/ttyS*',
  '/dev/ttyUSB*',
  '/dev/serial',
  '/dev/video*',
  '/dev/v4l',
  '/dev/media*',
  '/dev/snd',
  '/dev/dri',
  '/dev/gpiochip*',
  '/dev/net/tun',
  '/dev/null',
  '/dev/zero',
  '/dev/full',
  '/dev/random',
  '/dev/urandom',
];

const LOCAL_LOGS = ['json-file', 'local', 'journald', 'none'];

type Profile = Readonly<Record<RuleName, Entries>>;

/** Only what cannot harm the machine, and only what its policy names. */
const STRICT: Profile = {
  images: [],
  imagesWithoutDigest: false,
  privileged: false,
  capabilities: DEFAULT_CAPABILITIES.filter((name) => !['MKNOD', 'NET_RAW', 'SETFCAP', 'SYS_CHROOT'].includes(name)),
  securityOptions: ['no-new-privileges'],
  hostPaths: [],
  pathsBelowWritable: false,
  engineSockets: false,
  agentFolders: false,
  mountPropagation: [],
  devices: [],
  deviceCgroupRules: [],
  gpus: false,
  hostNamespaces: [],
  otherContainers: [],
  externalNetworks: [],
  externalVolumes: [],
  networkDrivers: ['bridge'],
  networkOptions: HARMLESS_NETWORK_OPTIONS,
  subnets: [],
  volumeDrivers: ['local', 'local:tmpfs'],
  secrets: true,
  sharedKeys: false,
  ports: ['1024-65535'],
  runtimes: ['runc', 'crun', 'io.containerd.runc.v2'],
  cgroupParents: [],
  annotations: [],
  logDrivers: LOCAL_LOGS,
  hooks: [],
  realtime: false,
  oomProtection: false,
};

/** A commit cannot take over the machine, and ordinary Compose files run. It allows all that strict allows. */
const STANDARD: Profile = {
  images: ['*'],
  imagesWithoutDigest: true,
  privileged: false,
  capabilities: DEFAULT_CAPABILITIES,
  securityOptions: ['no-new-privileges', 'seccomp=builtin'],
  hostPaths: HARMLESS_FILES,
  pathsBelowWritable: false,
  engineSockets: false,
  agentFolders: false,
  mountPropagation: [],
  devices: HARMLESS_DEVICES,
  deviceCgroupRules: [],
  gpus: true,
  hostNamespaces: [],
  otherContainers: [],
  externalNetworks: [],
  externalVolumes: [],
  networkDrivers: ['bridge'],
  networkOptions: HARMLESS_NETWORK_OPTIONS,
  subnets: PRIVATE_SUBNETS,
  volumeDrivers: ['local', 'local:tmpfs'],
  secrets: true,
  sharedKeys: true,
  ports: ['0-65535'],
  runtimes: [
    'runc',
    'crun',
    'io.containerd.runc.v2',
    'runsc',
    'kata*',
    'io.containerd.kata*',
    'io.containerd.runsc.v1',
    'nvidia',
  ],
  cgroupParents: [],
  annotations: [],
  logDrivers: LOCAL_LOGS,
  hooks: ['user', 'PreSync', 'PostSync', 'SyncFail'],
  realtime: false,
  oomProtection: false,
};

/** Everything. */
const LAB = Object.fromEntries(RULE_NAMES.map((name) => [name, RULES[name].matcher ? ['*'] : true])) as Profile;

/** Everything that each profile allows. */
export const PROFILES = { strict: STRICT, standard: STANDARD, lab: LAB } as const;
export type ProfileName = keyof typeof PROFILES;
