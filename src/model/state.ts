import type { Problem } from '../lib/errors.ts';
import type { HookMark, HookPhase } from './app/hook-phase.ts';
import type { OutsidePath } from './app/outside-path.ts';
import type { AppDependency, IgnoreRule, PlacedSite, SyncPolicy } from './fleet.ts';
import type { Quirk } from './quirk.ts';
import type { HostOfEngine, Requires } from './requirement.ts';
import type { EncryptedFile } from './snapshot.ts';
import type { ContainerSpec, FieldName, HealthcheckSpec, Hooks, Identity, NetworkSpec, VolumeSpec } from './spec.ts';
import type { SyncWindow } from './sync-window.ts';

/** Everything that a site should run: the compiler's result, the planner's input. */
export interface DesiredSite extends Omit<PlacedSite, 'apps' | 'broken'> {
  apps: DesiredApp[];
  /** Apps that belong here and could not be compiled. They are never pruned: their last good state stays. */
  broken: BrokenApp[];
}

export interface BrokenApp {
  name: string;
  /** As in DesiredApp. */
  adopt?: boolean | undefined;
  problems: Problem[];
}

export interface DesiredApp {
  name: string;
  revision: string;
  sync: SyncPolicy;
  pruneVolumes: boolean;
  suspend: boolean;
  /** The app's own windows; those of the site come to them. Absent: none. */
  syncWindows?: SyncWindow[] | undefined;
  requires?: Requires | undefined;
  /** Its changes begin when those of these apps are done, and they run. Absent: it waits for none. */
  dependsOn?: AppDependency[] | undefined;
  /** Git has it for other sites, and not for this one. */
  isElsewhere?: boolean;
  /** Absent: the site owns nothing. */
  ignoreDifferences?: IgnoreRule[] | undefined;
  /** Containers that `docker compose` started under this app's name are ours. */
  adopt?: boolean | undefined;
  services: DesiredService[];
  /** Jobs that run for each change of the app. Absent: none. */
  syncHooks?: SyncHook[] | undefined;
  networks: DesiredNetwork[];
  volumes: DesiredVolume[];
  /** Files of Git that services bind. They are written on the site's disk, and decrypted ones in its memory. */
  files: HostFile[];
  /** The encrypted files that it uses. Absent: none. */
  encrypted?: EncryptedFile[] | undefined;
  /** The project's folder on the site, where relative paths of its Compose files resolve. */
  directory: string;
  /** The app's whole folder on the site, if it is not below FILES_DIR and is more than `directory`. */
  folder?: string | undefined;
  /** Paths of its Compose files that lead out of the app's folder. */
  outside?: OutsidePath[] | undefined;
  /** Accepted, but worth a word, such as an obsolete key. */
  warnings: Problem[];
  /** The policy of the site refuses the app: what runs of it goes on or is stopped, and nothing of it is made. Absent: it does not. */
  forbidden?: { problems: Problem[]; isStopped: boolean };
  /** Warnings about binds whose file Git does not have; the plan prints them. */
  missing?: Problem[] | undefined;
}

export interface DesiredService {
  name: string;
  /** Keys that hold placeholders for values that only the site knows. Absent: none. */
  siteKeys?: string[];
  dependsOn: Dependency[];
  /** Absent: all replicas are replaced at once. */
  update?: UpdatePolicy | undefined;
  /** `built`: somebody built it with `docker compose build` on the site; it is never pulled. */
  pullPolicy: 'missing' | 'always' | 'never' | 'built';
  /** A job that ended with an error is not started again by self-heal. */
  leavesFailed?: true;
  containers: DesiredContainer[];
}

/** A job that runs once for each change of its app (`x-holdfast.hook`). It is no service of the app: nothing keeps it running. */
export interface SyncHook {
  phase: HookPhase;
  /** Milliseconds that one run may take; then it is stopped, and has failed. */
  timeoutMs: number;
  /** It has exactly one container. Its dependencies may be hooks of the same phase. */
  service: DesiredService;
}

/** `deploy.update_config`. */
export interface UpdatePolicy {
  /** Replicas at once; 0 is all. */
  parallelism: number;
  delayMs: number;
  /** Milliseconds that a new replica is watched, at least, before the next one follows. */
  monitorMs: number;
  failureAction: 'pause' | 'continue';
  /** start-first: a successor is ready before the container that it replaces is stopped. */
  order: 'stop-first' | 'start-first';
  /** The share of replicas that may fail without a pause. */
  maxFailureRatio: number;
}

export interface Dependency {
  service: string;
  condition: 'started' | 'healthy' | 'completed';
  required: boolean;
  /** Replace or restart this service with the other one. */
  restart: boolean;
}

export interface DesiredContainer {
  /** From 1. */
  number: number;
  name: string;
  spec: ContainerSpec;
  /** Digest of the Git files it binds; "" when none. container/labels/files-digest.ts reads it. */
  filesDigest: string;
  /** Variables whose value was decrypted, with digests by a random key of the site that take its place in other digests. Absent: none. */
  covered?: Readonly<Record<string, string>> | undefined;
  /** Variables whose values nobody may see: they were decrypted, or are not from Git. Sorted; absent: none. */
  hidden?: readonly string[] | undefined;
  /** Absent: none. */
  hooks?: Hooks | undefined;
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
  /** sha256 of the content, hex. That of a secret is made with a random key of the site. */
  digest: string;
  /** SOPS encrypted it in Git. `open`: the file is kept in memory alone. `sealed`: it was not decrypted here, so its content is not known. */
  secret?: 'open' | 'sealed';
}

/** A file that was written and that Git no longer has. */
export interface OldFile {
  path: string;
  digest: string;
}

/** Everything that a site runs: the observer's result, the planner's other input. */
export interface ActualSite {
  engine: EngineFacts;
  /** Our containers, of all apps. */
  containers: ActualContainer[];
  /** Names of containers that are not ours, to their IDs. */
  foreignNames: Record<string, string>;
  /** Names of containers that are not ours and have an endpoint on a network, by the network's name. Absent: none. */
  strangersOn?: Record<string, string[]>;
  /** Containers that are not ours and that `docker compose` started. Absent: none. */
  composed?: ComposedContainer[];
  /** All networks of the engine, by name. */
  networks: Record<string, ActualNetwork>;
  volumes: Record<string, ActualVolume>;
  /** Images on the disk, by the reference that was asked for and by the ID in use; an absent key is an absent image. */
  images: Record<string, ActualImage>;
  /** Digest and mode of the host files asked for, by path; an absent key is an absent file. */
  files: Record<string, { digest: string; mode: number }>;
  /** The site's clock at the time of the observation, RFC 3339; absent if unknown. It only tells which times of the engine are in the future. */
  at?: string;
  /** Containers with labels of ours that contradict themselves: skipped and reported. */
  problems: Problem[];
}

/** A container that `docker compose` started and that is not adopted. */
export interface ComposedContainer {
  id: string;
  name: string;
  project: string;
  service: string;
  number: number;
  /** The folder that it was started from; "" if no label tells. */
  directory: string;
}

export interface EngineFacts {
  /** The engine's name for people. */
  product: string;
  version: string;
  apiVersion: string;
  /** The name of the machine that it runs on; absent if it does not tell. */
  machine?: string | undefined;
  host?: HostOfEngine | undefined;
  can: EngineCapabilities;
}

/** The capabilities of an engine. The planner uses only those. */
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
  /** The agent that made it, by its mark; absent if none did. Never a difference. */
  agent?: string;
  /** `docker compose` made it: that it lacks labels of ours is no difference. */
  adopted?: true;
  spec: ContainerSpec;
  imageId: string;
  status: ContainerStatus;
  exitCode: number;
  oomKilled: boolean;
  /** The engine's clock, RFC 3339; "" when never. */
  startedAt: string;
  health: 'none' | 'starting' | 'healthy' | 'unhealthy';
  /** The end of its health check's last output, as it is: it may hold secrets. Absent if there is none. */
  healthOutput?: string;
  restartCount: number;
  /** The runtime's reason why it did not start; "" if none. */
  error: string;
  /** Its last run ended because its app was parked: it has not ended by itself. Only the memory tells. */
  endedParked?: true;
  /** It is a run of a hook of its app, and no service. */
  syncHook?: HookMark;
  /** Hint only. "" when the label is missing. */
  specHash: string;
  /** Digest of the Git files that it was created with; undefined when the label is missing. */
  filesDigest: string | undefined;
  /** Digest of spec.Files it was created with; undefined when the label is missing. */
  contentDigest: string | undefined;
  /** Digest of the post_start hooks it was created with; undefined when the label is missing. */
  hooksDigest?: string | undefined;
  /** Variables that were made with values which nobody may see; absent: none, or no label tells. */
  hidden?: readonly string[];
  /** Services of its app that had to run before it when it was created; absent: none. */
  dependsOn?: string[];
  /** Anonymous volumes by target; a replacement takes them over. */
  anonymousVolumes: Record<string, string>;
  /** The engine's ID of each network that it has an endpoint on, by name; a network that was created again under the same name has another ID. */
  networkIds?: Record<string, string>;
}

export interface ActualNetwork {
  id: string;
  spec: NetworkSpec;
  /** The owner that its labels name; undefined if it is not ours. */
  owner: { site: string; app: string; key: string } | undefined;
  /** The Compose project that made it, if it has no labels of a site. */
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

/** The settings that an image brings into a container, in the Engine API's words. */
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
