import type { ValuesFile } from '../../model/fleet.ts';
import type { YamlNode } from '../../yaml/node.ts';
import type { Value } from './values/template.ts';

/**
 * A value of a variable, and where it is from. `Site` and `Fleet` are the values in these documents; those of a Site are in front of the Fleet's, and only the
 * documents tell which of them has the name. `valuesFrom` is a file that a document names.
 */
export type Origin = { value: Value } & (
  | { source: 'builtIn' | 'local' | 'Site' | 'Fleet' | 'environment' | 'dotenv' }
  | { source: 'valuesFrom'; of: ValuesFile['of']; file: FileVariables }
);

/** All values that a variable has, the one that counts first. */
export type OriginsOf = (name: string) => Origin[];

/** An environment file, with the variables that it sets. */
export interface FileVariables {
  file: string;
  text: string;
  variables: ReadonlyMap<string, Value>;
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
