import type { Layer } from '../oci/artifact.ts';

/** More would cost a new site as many requests. */
const MOST_LAYERS = 10;
/** Folded layers are sent again, so a small base is not folded for each commit. */
const SMALL = 64 * 1024;

/**
 * The next step for an artifact: `anew` with one complete bundle; `append` one of what is new; before that, `gather` all but the first into one, or `fold`
 * all into one. A site that has the gathered or folded layers need not download them.
 */
export type Step = 'anew' | 'append' | 'gather' | 'fold';

/** `isForward`: all that it holds is in what is pushed now, or before it. */
export function nextStep(
  layers: readonly Pick<Layer, 'size'>[],
  { isForward, squash }: { isForward: boolean; squash: boolean },
): Step {
  const [base, ...increments] = layers;
  if (!base || !isForward) return 'anew';
  const grown = increments.reduce((sum, { size }) => sum + size, 0);
  if (squash || grown > Math.max(base.size, SMALL)) return 'fold';
  return layers.length >= MOST_LAYERS ? 'gather' : 'append';
}
