/**
 * How much may be asked of an agent by what others write: the files of an app, and what a server sends. All of it together fits the agent's heap
 * of 64 MiB and a container of 192 MiB, which test/unit/limits holds to be true. The limits that a site can set are in git/store-limits.ts
 * and net/limits.ts. docs/limits.md says them all to people.
 */

const KIB = 1024;
const MIB = 1024 * KIB;

/** Limits of one YAML file. */
export const YAML_LIMITS = {
  bytes: 512 * KIB,
  /** With every alias written out; a long text counts as several. This is what stops alias bombs. */
  nodes: 50_000,
  depth: 64,
  /** Characters that are parsed again where a file is read more leniently than the YAML library reads it. */
  parsedAgain: 8 * MIB,
} as const;

/** Limits of the files that one app is loaded from. */
export const APP_FILE_LIMITS = {
  /** Compose files, each counted as often as it is loaded. */
  composeFiles: 500,
  /** Bytes of all of them. */
  composeBytes: 2 * MIB,
  /** Nodes of their trees with what they extend and include written out. */
  nodes: 200_000,
  /** Bytes of one `.env`, `env_file`, `label_file` or security profile. */
  textBytes: MIB,
  /** Bytes of all of them, each counted as often as it is read. */
  allTextBytes: 32 * MIB,
  /** Characters that the values of one `.env`, `env_file` or `label_file` may have together. */
  valueCharacters: 4 * MIB,
  /** How many of them an app may bind. */
  boundFiles: 1000,
} as const;

/** The most that one app, and all apps of a site together, may ask of the agent; each replica counts. */
export interface SizeLimits {
  /** Containers; a service without any counts as one. */
  containers: number;
  /** Container ports, published or exposed, ranges written out. */
  ports: number;
  /** Pairs of containers of which one waits for the other or is linked to it. */
  connections: number;
  /** Bytes of memory that the settings of the containers take. */
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

/** Problems and warnings of one app that are told: more than a person can take in at once. */
export const MOST_PROBLEMS = 1000;

/** A size in words: `512 KB`, `16 MB`. */
export const inWords = (bytes: number): string => (bytes < MIB ? `${bytes / KIB} KB` : `${bytes / MIB} MB`);
