import { globMatches } from '../lib/text/glob.ts';
import { pathCovers, pathTouches } from './values/host-path.ts';
import { portsCover, portsTouch } from './values/ports.ts';
import { subnetCovers, subnetTouches } from './values/subnets.ts';

/** All that a policy can say of one rule: yes or no, or a list in which `*` is everything. */
export type Entries = boolean | readonly string[];

/** The way in which entries are compared with the value of an ask. */
interface Matcher {
  /** The entry allows all that the value asks for. */
  covers(entry: string, value: string): boolean;
  /** The entry forbids a part of what the value asks for. */
  touches(entry: string, value: string): boolean;
}

export interface Rule {
  /** Ends the sentence "It says …": the things that it lists, or `if` something may be. */
  says: string;
  /** undefined: the rule says only yes or no. */
  matcher: Matcher | undefined;
}

const glob: Matcher = { covers: globMatches, touches: globMatches };
/** `deny` of an image is compared with its name in small letters as well, since registries may read it so. */
const images: Matcher = {
  covers: globMatches,
  touches: (entry, value) => globMatches(entry, value) || globMatches(entry.toLowerCase(), value.toLowerCase()),
};
/** ALL is every capability. */
const capabilities: Matcher = {
  covers: (entry, value) => entry === value || entry === 'ALL',
  touches: (entry, value) => entry === value || entry === 'ALL' || value === 'ALL',
};
const paths: Matcher = { covers: pathCovers, touches: pathTouches };
/** `PATH:ro` allows reading alone; `PATH:rw` in `deny` forbids writing alone. The value says which one is asked for. */
const accesses: Matcher = {
  covers: (entry, value) => {
    const [allowed, asked] = [accessOf(entry), accessOf(value)];
    return pathCovers(allowed.path, asked.path) && (allowed.access !== 'ro' || asked.access === 'ro');
  },
  touches: (entry, value) => {
    const [denied, asked] = [accessOf(entry), accessOf(value)];
    return pathTouches(denied.path, asked.path) && (denied.access !== 'rw' || asked.access !== 'ro');
  },
};

/** The path of an entry, and the access that it names. */
export function accessOf(entry: string): { path: string; access: 'ro' | 'rw' | undefined } {
  const match = /^(.*):(ro|rw)$/s.exec(entry);
  return match ? { path: match[1] ?? '', access: match[2] as 'ro' | 'rw' } : { path: entry, access: undefined };
}

/** The rules of a policy. */
export const RULES = {
  images: { says: 'the images that an app may run: registries, namespaces or single images', matcher: images },
  imagesWithoutDigest: { says: 'if an image may be named without its digest (`@sha256:…`)', matcher: undefined },
  privileged: { says: 'if a container may be `privileged`', matcher: undefined },
  capabilities: {
    says: 'the capabilities that a container may have, those that an engine gives to each container included',
    matcher: capabilities,
  },
  securityOptions: { says: 'the `security_opt` that a container may have', matcher: glob },
  hostPaths: {
    says: "the paths of the host that an app may bind; `PATH:ro` for reading alone. The app's own folder is always allowed",
    matcher: accesses,
  },
  pathsBelowWritable: {
    says: 'if an app may bind a path below a folder that its containers write to, where they can put a link to anywhere',
    matcher: undefined,
  },
  engineSockets: {
    says: "if an app may bind a container engine's socket, or a folder that holds one",
    matcher: undefined,
  },
  agentFolders: {
    says: "if an app may bind the agent's own state, settings and decrypted files, or a folder that holds them",
    matcher: undefined,
  },
  mountPropagation: {
    says: 'the propagation that a bind may have and that reaches the host: `shared`, `rshared`',
    matcher: glob,
  },
  devices: { says: 'the devices of the host that an app may use, by path or by CDI name', matcher: paths },
  deviceCgroupRules: { says: 'the `device_cgroup_rules` that an app may have', matcher: glob },
  gpus: { says: 'if an app may have GPUs', matcher: undefined },
  hostNamespaces: {
    says: 'the namespaces of the host that an app may use: `network`, `pid`, `ipc`, `uts`, `user`, `cgroup`',
    matcher: glob,
  },
  otherContainers: {
    says: 'the containers of others that an app may join, by `network_mode`, `pid`, `ipc` or `volumes_from`',
    matcher: glob,
  },
  externalNetworks: {
    says: "the networks that an app may use although they are not its own: another app's, or one that a person made",
    matcher: glob,
  },
  externalVolumes: { says: 'the volumes that an app may use although they are not its own', matcher: glob },
  networkDrivers: { says: 'the drivers that a network may have', matcher: glob },
  networkOptions: { says: 'the options that the drivers of a network may have, as `NAME=VALUE`', matcher: glob },
  subnets: { says: 'the addresses that a network may have', matcher: { covers: subnetCovers, touches: subnetTouches } },
  volumeDrivers: {
    says: 'the drivers that a volume may have; `local:TYPE` for a file system that the local driver mounts',
    matcher: glob,
  },
  secrets: { says: 'if an app may use encrypted files', matcher: undefined },
  sharedKeys: {
    says: 'if an app may use encrypted files without an age key of its own: the key for all apps opens the files of all apps',
    matcher: undefined,
  },
  ports: {
    says: 'the ports of the host that an app may publish',
    matcher: { covers: portsCover, touches: portsTouch },
  },
  runtimes: { says: 'the runtimes that an app may ask for', matcher: glob },
  cgroupParents: { says: 'the `cgroup_parent` that an app may have', matcher: glob },
  annotations: {
    says: 'the annotations that a container may have, as `NAME=VALUE`: runtimes act on them',
    matcher: glob,
  },
  logDrivers: { says: 'the log drivers that an app may have', matcher: glob },
  hooks: {
    says: 'the hooks that an app may have: jobs for a change (`PreSync`, `PostSync`, `SyncFail`), and what a `post_start` or `pre_stop` may have besides the rights of its container (`privileged`, `user`)',
    matcher: glob,
  },
  realtime: {
    says: 'if an app may take CPU time before all others (`cpu_rt_runtime`, the ulimits rtprio and nice)',
    matcher: undefined,
  },
  oomProtection: {
    says: 'if an app may be spared when memory runs out (`oom_kill_disable`, a negative `oom_score_adj`)',
    matcher: undefined,
  },
} as const satisfies Record<string, Rule>;

export type RuleName = keyof typeof RULES;
export const RULE_NAMES = Object.keys(RULES) as RuleName[];

/** Entries allow an ask. */
export function allows(rule: RuleName, entries: Entries, value: string): boolean {
  const { matcher }: Rule = RULES[rule];
  if (typeof entries === 'boolean') return entries;
  return entries.some((entry) => entry === '*' || matcher?.covers(entry, value));
}

/** Entries of `deny` forbid an ask, or a part of it. */
export function denies(rule: RuleName, entries: Entries, value: string): boolean {
  const { matcher }: Rule = RULES[rule];
  if (typeof entries === 'boolean') return entries;
  return entries.some((entry) => entry === '*' || matcher?.touches(entry, value));
}
