import type { Position } from '../lib/errors.ts';
import type { AppDependency, ValuesFile } from '../model/fleet.ts';
import type { Requires } from '../model/requirement.ts';

/** Where the values of one service on one site are from. */
export interface Explanation {
  site: string;
  app: string;
  service: string;
  /** All that its app requires of a site, in words. Absent: nothing. */
  requires?: { text: string; onLoss: Requires['onLoss']; at: Position } | undefined;
  /** The apps that its app depends on. Absent: none. */
  dependsOn?: AppDependency[] | undefined;
  fields: ExplainedField[];
}

/** One value of a service, and the values that lost against it, the strongest first. */
export interface ExplainedField {
  /** As Compose and the plan name it: `environment.LOG_LEVEL`. */
  field: string;
  is: Given;
  lost: Given[];
}

/** A value that a layer gives. */
export interface Given {
  layer: Layer;
  /** Absent for a default that no file has. */
  at?: Position | undefined;
  /** Absent if it must not be shown, or if only the engine knows it. */
  value?: string | undefined;
  /** Why the value is not shown. */
  hidden?: 'notFromGit' | 'encrypted' | 'secret' | 'content' | undefined;
  /** The value names a file that SOPS encrypted. */
  isEncryptedFile?: true | undefined;
  /** The text in the file, where variables are in it. */
  written?: string | undefined;
  variables: ExplainedVariable[];
  /** The `!reset` or `!override` that removed it. */
  removedBy?: Position | undefined;
}

export type Layer =
  | 'Compose file'
  | 'overlay'
  | `extends ${string}`
  | 'include'
  | 'env_file'
  | 'label_file'
  | 'Fleet defaults'
  | 'image'
  | 'engine default'
  | 'Compose default';

/** A variable of a text. */
export interface ExplainedVariable {
  name: string;
  /** Absent: it has no value, and the text has a default or does without. */
  is?: VariableValue | undefined;
  lost: VariableValue[];
}

export interface VariableValue {
  from: VariableSource;
  at?: Position | undefined;
  /** Absent for a value that is not from Git, and for one that is encrypted in it. */
  value?: string | undefined;
  /** SOPS encrypted it, or it has a value in it that SOPS encrypted. */
  encrypted?: true | undefined;
}

export type VariableSource =
  | 'built in'
  | "the site's own --values"
  | 'Site'
  | 'Fleet'
  | `valuesFrom of the ${ValuesFile['of']}`
  | 'environment of this process'
  | '.env'
  | 'known only on the site';
