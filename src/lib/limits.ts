/**
 * Limits for everything that others write: the files of an app, and the answers of a server. Together they fit the agent's heap of 64 MiB and
 * a container of 192 MiB; test/unit/limits proves it. The limits that a site can set are in git/store-limits.ts
 * and net/limits.ts. docs/limits.md explains all of them.
 */

const KIB = 1024;
const MIB = 1024 * KIB;

/** Limits of one YAML file. */
export const YAML_LIMITS = {
  bytes: 512 * KIB,
  /** Nodes with every alias expanded; a long text counts as several. This limit stops alias bombs. */
  nodes: 50_000,
  depth: 64,
  /** Characters that are parsed again because the YAML library is stricter than Go's. */
  parsedAgain: 8 * MIB,
} as const;

/** Limits of one encrypted file of sops. In YAML, those of YAML hold, too. */
export const SOPS_LIMITS = {
  bytes: MIB,
  values: 50_000,
  depth: 64,
} as const;

/** Limits of the files of one app. */
export const APP_FILE_LIMITS = {
  /** Compose files. A file counts each time it is loaded. */
  composeFiles: 500,
  /** Bytes of all Compose files. */
  composeBytes: 2 * MIB,
  /** Nodes of their trees, with everything that they extend and include. */
  nodes: 200_000,
  /** Bytes of one `.env`, `env_file`, `label_file` or security profile. */
  textBytes: MIB,
  /** Bytes of all these files. A file counts each time it is read. */
  allTextBytes: 32 * MIB,
  /** Characters of all values of one `.env`, `env_file` or `label_file`. */
  valueCharacters: 4 * MIB,
  /** Files of Git that an app may bind. */
  boundFiles: 1000,
} as const;

/** Limits for one app, and for all apps of a site together. Each replica counts. */
export interface SizeLimits {
  /** Containers. A service without containers counts as one. */
  containers: number;
  /** Published and exposed container ports; each port of a range counts. */
  ports: number;
  /** Pairs of containers where one waits for the other or is linked to it. */
  connections: number;
  /** Bytes of memory for the settings of the containers. */
  settings: number;
  /** Bytes of the files of Git that services bind. */
  files: number;
}

export const APP_LIMITS: SizeLimits = {
  containers: 2_000,
  ports: 20_000,
  connections: 50_000,
  settings: 16 * MIB,
  files: 32 * MIB,
};

export const SITE_LIMITS: SizeLimits = {
  containers: 4_000,
  ports: 40_000,
  connections: 100_000,
  settings: 24 * MIB,
  files: 64 * MIB,
};

/** The number of problems and warnings of one app that are reported. Nobody reads more. */
export const MOST_PROBLEMS = 1000;

/** A size in words: `512 KB`, `16 MB`. */
export const inWords = (bytes: number): string => (bytes < MIB ? `${bytes / KIB} KB` : `${bytes / MIB} MB`);
