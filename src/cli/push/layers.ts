import type { Layer } from '../../source/artifact.ts';

/** More would cost a new site as many requests. */
const MOST_LAYERS = 20;

/**
 * How an artifact goes on: anew with one complete bundle; with a bundle of what is new; or the same on top of one that all bundles before are folded
 * into, which who has those need not download.
 */
export type Step = 'anew' | 'append' | 'fold';

/** `isForward`: all that it holds is before, or in, what is pushed now. */
export function nextStep(
  layers: readonly Pick<Layer, 'size'>[],
  { isForward, squash }: { isForward: boolean; squash: boolean },
): Step {
  const [base, ...increments] = layers;
  if (!base || !isForward) return 'anew';
  const grown = increments.reduce((sum, { size }) => sum + size, 0);
  // What is folded is sent anew, so a small base is not folded for each commit.
  const hasOutgrown = grown > Math.max(base.size, SMALL);
  return squash || layers.length >= MOST_LAYERS || hasOutgrown ? 'fold' : 'append';
}

const SMALL = 64 * 1024;
