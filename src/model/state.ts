import type { Position, Problem } from '../lib/errors.ts';
import type { IgnoreRule, SyncPolicy } from './fleet.ts';
import type { Quirk } from './quirk.ts';
import type { ContainerSpec, FieldName, HealthcheckSpec, Hooks, Identity, NetworkSpec, VolumeSpec } from './spec.ts';

/** What a site should run, whole: the compiler's result, the planner's input. */
export interface DesiredSite {
  site: string;
  revision: string;
  apps: DesiredApp[];
  /** Apps that are placed here and could not be compiled. They are never pruned: their last good state stays. */
  broken: BrokenApp[];
  /** Apps that Git has for other sites, and not for this one. */
  elsewhere?: string[];
  /** For what runs here under an app that Git no longer names. Absent: a lone Compose file, which speaks for its own app only. */
  vanished?: SyncPolicy | undefined;
  /** No apps at all is meant; without it an empty desired state changes nothing. */
  allowEmpty: boolean;
  /** Percent of the site's containers; more in one plan is withheld. */
  pruneThreshold: number;
  /** Apps whose pruning beyond the threshold is confirmed in Git. */
  confirmPrune: string[];
}

export interface BrokenApp {
  name: string;
  /** As of DesiredApp. */
  adopt?: boolean;
  problems: Problem[];
}

export interface DesiredApp {
  name: string;
  revision: string;
  sync: SyncPolicy;
  pruneVolumes: boolean;
  suspend: boolean;
  /** Git has it for other sites: nothing of it is wanted here. */
  isElsewhere?: boolean;
  /** Absent: the site owns nothing. */
  ignoreDifferences?: IgnoreRule[];
  /** What `docker compose` started under this app's name is ours. */
  adopt?: boolean;
  services: DesiredService[];
  networks: DesiredNetwork[];
  volumes: DesiredVolume[];
  /** Files of Git that services bind, to be written on the site's disk. */
  files: HostFile[];
  /** The project's folder on the site, where relative paths of its Compose files resolve. */
  directory: string;
  /** The app's whole folder on the site, where it lies elsewhere than below FILES_DIR and is more than `directory`. */
  folder?: string;
  /** Paths of its Compose files that lead out of the app's folder. */
  outside?: OutsidePath[];
  /** Accepted, but worth saying (an obsolete key). */
  warnings: Problem[];
  /** The same of binds whose file Git does not have; the plan says those. */
  missing?: Problem[];
}

/** How a path that leads out of the app's folder was read: as a copy of Git's file, or as the site's own, since Git has nothing there. */
export interface Reading {
  /** Relative to the config repo's root; it begins with `..` where it leads out of that. */
  path: string;
  from: 'git' | 'site';
}

export interface OutsidePath extends Reading {
  /** Where it lies on the site if Git has nothing there, absolute. */
  site: string;
  /** Where the copy of what Git has lies; absent outside of the repo. */
  copy?: string;
  /** The folder below FILES_DIR, beside those of the apps, that the site's own lies in. */
  beside?: string;
  at: Position;
}

export interface DesiredService {
  name: string;
  /** Keys in which placeholders stand for values that only the site knows. Absent: none. */
  siteKeys?: string[];
  dependsOn: Dependency[];
  /** Absent: all replicas are replaced at once. */
  update?: UpdatePolicy;
  /** `built`: by somebody else, with `docker compose build` on the site; it is never pulled. */
  pullPolicy: 'missing' | 'always' | 'never' | 'built';
  /** A job that ended with an error is not started again by self-heal. */
  leavesFailed?: true;
  containers: DesiredContainer[];
}

/** `deploy.update_config`. */
export interface UpdatePolicy {
  /** Replicas at once; 0 is all. */
  parallelism: number;
  delayMs: number;
  /** How long a new replica is watched at least before the next one follows. */
  monitorMs: number;
  failureAction: 'pause' | 'continue';
  /** start-first: a successor runs, and runs well, before the one that it replaces is stopped. */
  order: 'stop-first' | 'start-first';
  /** The share of replicas that may fail without a pause. */
  maxFailureRatio: number;
}

export interface Dependency {
  service: string;
  condition: 'started' | 'healthy' | 'completed';
  required: boolean;
  /** Replace or restart with it. */
  restart: boolean;
}

export interface DesiredContainer {
  /** From 1. */
  number: number;
  name: string;
  spec: ContainerSpec;
  /** Digest of the Git files it binds; "" when none. */
  filesDigest: string;
  /** Absent: none. */
  hooks?: Hooks;
}

export interface DesiredNetwork {
  /** The key in the Compose file. */
  key: string;
  external: boolean;
  spec: NetworkSpec;
}

export interface DesiredVolume {
  key: string;
  external: boolean;
  spec: VolumeSpec;
}

/** A file of Git on the site's disk. */
export interface HostFile {
  /** Absolute. */
  path: string;
  content: Uint8Array;
  mode: number;
  /** sha256 of the content, hex. */
  digest: string;
}

/** A file of Git that was written and that Git has dropped. */
export interface OldFile {
  path: string;
  digest: string;
}

/** What a site runs: the observer's result, the planner's other input. */
export interface ActualSite {
  engine: EngineFacts;
  /** Ours, of every app. */
  containers: ActualContainer[];
  /** Names held by containers that are not ours, to their IDs. */
  foreignNames: Record<string, string>;
  /** Names of containers that are not ours and have an endpoint on a network, by the network's name. Absent: none. */
  strangersOn?: Record<string, string[]>;
  /** Of those that are not ours: what `docker compose` started. Absent: none. */
  composed?: ComposedContainer[];
  /** All of the engine's, by name. */
  networks: Record<string, ActualNetwork>;
  volumes: Record<string, ActualVolume>;
  /** What is on the disk, by reference asked for and by ID of what runs; an absent key is an absent image. */
  images: Record<string, ActualImage>;
  /** Digest and mode of the host files asked for, by path; an absent key is an absent file. */
  files: Record<string, { digest: string; mode: number }>;
  /** The site's clock when it was looked at, RFC 3339; absent where nobody knows it. Only tells which of the engine's times lie in the future. */
  at?: string;
  /** Malformed things of ours, skipped and reported. */
  problems: Problem[];
}

/** A container that `docker compose` started and that is not adopted. */
export interface ComposedContainer {
  id: string;
  name: string;
  project: string;
  service: string;
  number: number;
  /** The folder it was started from; "" where no label tells. */
  directory: string;
}

export interface EngineFacts {
  /** The engine's name for people. */
  product: string;
  version: string;
  apiVersion: string;
  /** The name of the machine that it runs on; absent where it does not tell. */
  machine?: string;
  can: EngineCapabilities;
}

/** What an engine is capable of. The planner plans with what there is. */
export interface EngineCapabilities {
  /** Change resources and restart policy in place. */
  update: boolean;
  /** Several networks in one create call (API 1.44). */
  networksAtCreate: boolean;
  /** Remove a container whose network or other namespace another one has joined. */
  removesJoined: boolean;
  startInterval: boolean;
  /** Fields that the engine drops or does not report; they are written and never compared. */
  unreported: readonly FieldName[];
  quirks: readonly Quirk[];
}

export type ContainerStatus = 'created' | 'running' | 'paused' | 'restarting' | 'removing' | 'exited' | 'dead';

export interface ActualContainer {
  id: string;
  name: string;
  identity: Identity;
  /** The agent that made it, by its mark; absent where none did. Never a difference. */
  agent?: string;
  /** `docker compose` made it: labels of ours that it lacks are no difference. */
  adopted?: true;
  spec: ContainerSpec;
  imageId: string;
  status: ContainerStatus;
  exitCode: number;
  oomKilled: boolean;
  /** The engine's clock, RFC 3339; "" when never. */
  startedAt: string;
  health: 'none' | 'starting' | 'healthy' | 'unhealthy';
  /** The end of what its health check printed last, as it is: it may hold secrets. Absent when nothing. */
  healthOutput?: string;
  restartCount: number;
  /** The runtime's words for why it did not start; "" when none. */
  error: string;
  /** Hint only. "" when the label is missing. */
  specHash: string;
  /** Digest of the Git files that it was created with; undefined when the label is missing. */
  filesDigest: string | undefined;
  /** Digest of spec.Files it was created with; undefined when the label is missing. */
  contentDigest: string | undefined;
  /** Digest of the post_start hooks it was created with; undefined when the label is missing. */
  hooksDigest?: string | undefined;
  /** Services of its app that were to run before it, as it was created; absent: none. */
  dependsOn?: string[];
  /** Anonymous volumes by target, to be inherited by a replacement. */
  anonymousVolumes: Record<string, string>;
  /** The engine's ID of each network it has an endpoint on, by name; a network made anew under the same name has another. */
  networkIds?: Record<string, string>;
}

export interface ActualNetwork {
  id: string;
  spec: NetworkSpec;
  /** Whose it is by its labels; undefined for a foreign one. */
  owner: { site: string; app: string; key: string } | undefined;
  /** The Compose project that made it, where no site's labels are on it. */
  project?: string;
}

export interface ActualVolume {
  spec: VolumeSpec;
  owner: { site: string; app: string; key: string } | undefined;
}

export interface ActualImage {
  id: string;
  config: ImageConfig;
}

/** What an image brings into a container, in the Engine API's words. */
export interface ImageConfig {
  Env?: Record<string, string>;
  Labels?: Record<string, string>;
  Cmd?: string[];
  Entrypoint?: string[];
  User?: string;
  WorkingDir?: string;
  StopSignal?: string;
  Healthcheck?: HealthcheckSpec;
  ExposedPorts?: string[];
  /** Targets of its VOLUMEs. */
  Volumes?: string[];
}
