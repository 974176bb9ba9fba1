import { specHash } from '../container/labels/hash.ts';
import type { AppContext } from './context.ts';

type Resource = 'network' | 'volume';

/** How keys begin of what was there and is made again: somebody takes it away. */
export const AGAIN = 'again ';

export const againKey = (kind: Resource, name: string): string => `${AGAIN}${kind} ${name}`;

/**
 * Each network and volume fails by itself, and is tried for what Git says of it. One that is gone without a new revision counts each time it is
 * made again.
 */
export const backoffOf = (
  { settled }: Pick<AppContext, 'settled'>,
  kind: Resource,
  spec: { Name: string },
): { key: string; goal: string } => ({
  key: settled ? againKey(kind, spec.Name) : `${kind} ${spec.Name}`,
  goal: specHash(spec),
});
