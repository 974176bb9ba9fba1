import { type Previous, stoppedReason } from '../../decide/decision.ts';
import { refOf } from '../../facts/containers.ts';
import type { AppDraft } from '../app-draft.ts';
import { meet } from '../needs.ts';
import { start, unpause } from './steps.ts';

/** The last good container runs until its replacement comes. A replacement of the same pass stops it again. */
export function draftPrevious(app: AppDraft, previous: Previous | undefined): void {
  if (!previous) return;
  const { container, wanted, change, needs } = previous;
  const work = { app, wanted, change };
  if (container.status === 'paused') unpause(work, container);
  else start(work, refOf(container), stoppedReason(container, change), meet(app, container.identity.service, needs));
}
