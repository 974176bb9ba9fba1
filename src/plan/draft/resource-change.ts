import { specHash } from '../../container/labels/hash.ts';
import type { Cause } from '../../model/plan.ts';
import type { Retry, Subject } from '../../model/subject.ts';
import type { AppContext } from '../context.ts';

/**
 * Each network and volume fails by itself, and is tried for what Git says of it. One that is gone without a new revision counts each time it is
 * made again: somebody may take it away each time.
 */
export const resourceChange = (
  { settled }: Pick<AppContext, 'settled'>,
  kind: 'network' | 'volume',
  spec: { Name: string },
): { subject: Subject; cause: Cause; retry: Retry } => ({
  subject: { kind, name: spec.Name },
  cause: settled ? 'drift' : 'revision',
  retry: {
    purpose: settled ? 'recreate' : 'converge',
    goal: specHash(spec),
    counts: settled ? 'attempts' : 'failures',
  },
});
