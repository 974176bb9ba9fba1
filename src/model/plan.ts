import type { Problem } from '../lib/errors.ts';
import type { HookMark, HookPhase } from './app/hook-phase.ts';
import type { ContainerSpec, EndpointSpec, Hook, Identity, NetworkSpec, VolumeSpec } from './spec.ts';
import type { HostFile, OldFile } from './state.ts';
import type { Retry, Subject } from './subject.ts';

/** A container by its ID, or one that an earlier operation of the same plan creates. The name is for people. */
export type ContainerRef = { name: string } & (
  | { id: string; createdBy?: undefined }
  | { createdBy: number; id?: undefined }
);

/** A changed field of a container, or one key of it: `environment.LOG_LEVEL`. A value that may be secret is not in it. */
export interface FieldChange {
  /** As people call it: `image`, `memory`, `environment.LOG_LEVEL`. Without values: a reason in words that lies outside the container. */
  field: string;
  /** The value before, in words; absent where there was none. */
  from?: string | undefined;
  /** The value after. */
  to?: string | undefined;
  /** The values are not shown: they may be secret, or are too long. */
  hidden?: true | undefined;
  /** The content is encrypted and was not decrypted here: it may be the same. */
  unknown?: true | undefined;
}

/** A difference between what was asked and what is, on one row of the field table. Values are shown, secrets are not. */
export interface FieldDifference {
  field: string;
  /** Its name in messages. */
  label: string;
  /** `memory: 128m, wanted 64m`. */
  text: string;
  changes: FieldChange[];
  /** The engine can change it in place. */
  inPlace: boolean;
}

/** Why an operation stays in the plan but is not carried out. */
export interface Withheld {
  by:
    | 'automated'
    | 'prune'
    | 'selfHeal'
    | 'allowEmpty'
    | 'pruneThreshold'
    | 'suspend'
    /** The policy of the site refuses the app. */
    | 'policy'
    /** The sync windows of the app are closed. */
    | 'syncWindow'
    /** An app that it depends on comes first; of an app that goes, one that depends on it. */
    | 'dependsOn'
    | 'backoff'
    | 'updateConfig'
    | 'conflict'
    /** The site lacks something that the app requires. */
    | 'parked'
    /** Another container still has what this one needs. */
    | 'handOver'
    /** A hook has to run first, or a hook waits for the services of its app. */
    | 'syncHook';
  /** The thing that would release it, in words. */
  text: string;
  /** Monotonic milliseconds at which the planner should be asked again; absent where only an event or a commit releases it. */
  until?: number | undefined;
  /** For sync windows: the next opening, RFC 3339. */
  opens?: string | undefined;
  /** For a backoff: the last error. */
  error?: string | undefined;
  /** For update_config: the service whose other replicas have their turn first. */
  turnOf?: string | undefined;
}

/**
 * The origin of a change. It decides which policy may hold the change back.
 *
 * - `revision`: Git asks for something new, or a change that it asked for is not finished.
 * - `drift`: the site differs although no new revision asks for it.
 * - `prune`: Git no longer names it.
 * - `down`: a person takes the app down.
 * - `dependency`: a service that it depends on is replaced or restarted (`depends_on: restart: true`).
 * - `requirement`: the site lost something that the app requires, or has it again.
 */
export type Cause = 'revision' | 'drift' | 'prune' | 'down' | 'dependency' | 'requirement';

interface Base {
  /** From 1, in an order that respects `after`. */
  id: number;
  subject: Subject;
  cause: Cause;
  /** The service it serves; absent for the app's own things. */
  service?: string | undefined;
  /** Why it is done, in words: the purpose of a step, or how the site was found. */
  reason: string;
  /** The fields of the container that differ, for an operation that makes or changes one. */
  fields?: readonly FieldChange[] | undefined;
  /** Operations that must be done first. */
  after: number[];
  /** Carried out only if that operation failed: the way back of a replacement. */
  onlyIfFailed?: number | undefined;
  withheld?: Withheld | undefined;
  /** Absent on an operation that only looks. */
  retry?: Retry | undefined;
  /** It comes after the PreSync hooks of the app. */
  awaitsHooks?: true;
  /** It is about a hook of the app, and about no service. */
  syncHook?: HookPhase | undefined;
}

/** One effect each: an engine call, a file written, a named wait. The executor decides nothing. */
export type Operation = Base &
  (
    | { kind: 'pullImage'; image: string; platform?: string | undefined; always: boolean }
    | {
        kind: 'writeFile';
        file: HostFile;
        /** Old files that lie where this file or its folder belongs. */
        old?: OldFile[];
      }
    | { kind: 'removeFile'; path: string }
    | { kind: 'createNetwork'; network: NetworkSpec; key: string }
    | { kind: 'removeNetwork'; networkId: string; name: string }
    | { kind: 'createVolume'; volume: VolumeSpec; key: string }
    | { kind: 'removeVolume'; name: string }
    | {
        kind: 'createContainer';
        name: string;
        identity: Identity;
        spec: ContainerSpec;
        labels: ContainerLabels;
        /** Targets to names of anonymous volumes taken over from the container it replaces. */
        inherit: Record<string, string>;
        /** Containers whose namespaces it joins, by `service:NAME` or `container:NAME`. */
        joins: Record<string, ContainerRef>;
        /** The fields that it is replaced for, although the old one was made for the same spec: see plan/decide/slot/replacement-loop.ts. */
        again?: { goal: string; fields: string } | undefined;
      }
    | { kind: 'connectNetwork'; container: ContainerRef; network: string; endpoint: EndpointSpec }
    | { kind: 'disconnectNetwork'; container: ContainerRef; network: string }
    | { kind: 'copyFiles'; container: ContainerRef; files: NonNullable<ContainerSpec['Files']> }
    /** `post_start[index]` or `pre_stop[index]`. The texts in `conceals` must not show in an error. */
    | {
        kind: 'runHook';
        container: ContainerRef;
        phase: 'post_start' | 'pre_stop';
        index: number;
        /** The last one of its phase. */
        last: boolean;
        hook: Hook;
        conceals: string[];
        /** Later operations go on although it failed. */
        mayFail: boolean;
      }
    | { kind: 'updateContainer'; container: ContainerRef; changes: Partial<ContainerSpec> }
    | { kind: 'startContainer'; container: ContainerRef }
    /** The container's own grace period applies. */
    | { kind: 'stopContainer'; container: ContainerRef }
    | { kind: 'unpauseContainer'; container: ContainerRef }
    | { kind: 'renameContainer'; container: ContainerRef; name: string }
    | { kind: 'removeContainer'; container: ContainerRef; force: boolean }
    /** It has no effect: it looks once, and while the condition does not hold, the operations after it wait for the next pass. */
    | {
        kind: 'await';
        container: ContainerRef;
        condition: 'healthy' | 'completed' | 'gone' | 'steady';
        /** The end of its output is told when it has ended, without these texts. Absent: it is not told. */
        conceals?: string[];
      }
  );

export type OperationKind = Operation['kind'];

/** The labels of a container besides the user's own. */
export interface ContainerLabels {
  specHash: string;
  filesDigest: string;
  contentDigest: string;
  hooksDigest: string;
  /** The names of variables whose values nobody may see. */
  hidden: readonly string[];
  dependsOn: string;
  workingDir: string;
  oneoff: false;
  syncHook?: HookMark | undefined;
}

/** The operations that one app needs, in order. */
export interface AppPlan {
  app: string;
  revision: string;
  operations: Operation[];
  /** Parts that cannot be planned, and facts that are worth knowing: a foreign name, a missing external network, an image that is gone. */
  problems: PlanProblem[];
  /** Names of adopted containers that this plan leaves in place: `docker compose` made them. */
  adopted?: string[] | undefined;
  /** The app does not run here for now. `isDue`: false while what runs of it is left some time. */
  parked?: { reason: string; isDue: boolean } | undefined;
  /** Its changes have not begun: another app comes first. `kind` stays the same while the trouble does, whatever the words. */
  waits?: { app: string; kind: string; text: string } | undefined;
}

export interface PlanProblem extends Problem {
  /** error: a part of the app cannot be brought about; warning: it is well, but look. */
  severity: 'error' | 'warning';
  service?: string | undefined;
}

export interface Plan {
  site: string;
  revision: string;
  /** Sorted by name; vanished apps are among them. */
  apps: AppPlan[];
}
