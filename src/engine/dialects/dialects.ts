import type { Dialect, VersionAnswer } from './dialect.ts';
import { docker } from './docker.ts';
import { podman } from './podman.ts';

/** All engines that Holdfast knows. The first one that recognises its answer is taken; Docker recognises all. */
const DIALECTS: readonly Dialect[] = [podman, docker];

export const dialectOf = (version: VersionAnswer): Dialect =>
  DIALECTS.find((dialect) => dialect.isSpokenBy(version)) ?? docker;
