import type { Dialect, VersionAnswer } from './dialect.ts';
import { docker } from './docker.ts';
import { podman } from './podman.ts';

/** All engines that Holdfast knows. The first that recognises its own answer is taken; an engine that nobody recognises is spoken to as Docker. */
const DIALECTS: readonly Dialect[] = [podman, docker];

export const dialectOf = (version: VersionAnswer): Dialect =>
  DIALECTS.find((dialect) => dialect.isSpokenBy(version)) ?? docker;
