import type { Layer } from '../oci/artifact.ts';

/** More would cost a new site as many requests. */
const MOST_LAYERS = 10;
/** What is folded is sent anew, so a small base is not folded for each commit. */
const SMALL = 64 * 1024;

/**
 * How an artifact goes on: `anew` with one complete bundle; `append` one of what is new; before that, `gather` all but the first into one, or `fold`
 * all into one. Who has what was gathered or folded need not download it.
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
