import type { ActualContainer, DesiredContainer } from '../../model/state.ts';
import type { AppContext } from '../context.ts';
import { writesFor } from '../draft/files.ts';
import { joinedBy } from '../facts/joined.ts';
import { isCompleted } from '../heal.ts';
import { currentOf, progressOf } from '../joins.ts';
import type { Assessment } from './assess.ts';

/** Reasons for a replacement that lie outside the container: a file whose old inode it holds, a namespace it joined that is gone. */
export function withOutsideReasons(context: AppContext, wanted: DesiredContainer, assessment: Assessment): Assessment {
  // What has done its work needs none of it any more.
  if (isCompleted(assessment.container, wanted)) return assessment;
  const replace = [...assessment.replace];
  for (const path of writesFor(context, wanted).boundItself)
    replace.push(`${path} is written anew, and it binds the old one`);
  for (const joined of joinedBy(context.desired, wanted, context.neighbours)) {
    const { mode, isNamespace } = joined;
    if (progressOf(context, joined)?.replaced) replace.push(`${mode} gets a new container`);
    else if (isNamespace && startedLater(context, currentOf(context, joined), assessment.container)) {
      replace.push(`${mode} was started after it, and has another namespace now`);
    }
  }
  return { ...assessment, replace };
}

/** A time that lies in the future was taken before the clock was set back, and proves nothing. */
function startedLater(context: AppContext, other: ActualContainer | undefined, than: ActualContainer): boolean {
  return (
    other?.status === 'running' &&
    than.status === 'running' &&
    sortableTime(other.startedAt) > sortableTime(than.startedAt) &&
    (context.actual.at === undefined || sortableTime(other.startedAt) <= sortableTime(context.actual.at))
  );
}

/** Engines trim zeros at the end of the fraction: made equally long, RFC 3339 in UTC sorts as text. */
function sortableTime(time: string): string {
  const [seconds = '', fraction = ''] = time.replace(/Z$/, '').split('.');
  return `${seconds}.${fraction.padEnd(9, '0')}`;
}
