import type { YamlNode } from '../../yaml/node.ts';

/** Where a value of a variable is from. `git` is a Site or the Fleet. */
export type ValueSource = 'builtIn' | 'local' | 'git' | 'environment' | 'dotenv';

/** All values that a variable has, the one that counts first. */
export type OriginsOf = (name: string) => { source: ValueSource; value: string }[];

/** An environment file, with the variables that it sets. */
export interface FileVariables {
  file: string;
  text: string;
  variables: ReadonlyMap<string, string>;
  /** SOPS encrypted it, or it may use values of an encrypted one. */
  isSecret?: boolean;
}

/** Hears what the merged tree does not tell: from where loading read. Only `holdfast explain` listens. */
export interface LoadTrace {
  /** A Compose file was read; its variables have values from these. */
  read(file: string, origins: OriginsOf, isIncluded: boolean): void;
  /** A service was merged over `base`, the service of that name as it is after its own merge. */
  extended(service: string, of: string, base: YamlNode): void;
  /** An environment file was read for interpolation. If two of them set a name, the first one counts. */
  dotenv(read: FileVariables): void;
}
