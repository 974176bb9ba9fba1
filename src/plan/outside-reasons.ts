import type { ActualContainer, DesiredContainer } from '../model/state.ts';
import type { Assessment } from './assess.ts';
import type { AppContext, PlaceProgress } from './context.ts';
import { writesFor } from './files.ts';
import { isCompleted } from './heal.ts';

/** Reasons for a replacement that lie outside the container: a file whose old inode it holds, a namespace it joined that is gone. */
export function withOutsideReasons(context: AppContext, wanted: DesiredContainer, assessment: Assessment): Assessment {
  // What has done its work needs none of it any more.
  if (isCompleted(assessment.container, wanted)) return assessment;
  const replace = [...assessment.replace];
  for (const path of writesFor(context, wanted).boundItself)
    replace.push(`${path} is written anew, and it binds the old one`);
  const { NetworkMode, PidMode, IpcMode, VolumesFrom = [] } = wanted.spec;
  for (const mode of new Set([NetworkMode, PidMode, IpcMode, ...VolumesFrom])) {
    const joined = mode?.startsWith('service:')
      ? context.services.get(mode.slice('service:'.length))?.containers[0]
      : undefined;
    if (!joined) continue;
    if (joined.replaced) replace.push(`${mode} gets a new container`);
    else if (mode === NetworkMode && startedLater(context, joined.ref, assessment.container)) {
      replace.push(`${mode} was started after it, and has another network namespace now`);
    }
  }
  return { ...assessment, replace };
}

/** A time that lies in the future was taken before the clock was set back, and proves nothing. */
function startedLater(context: AppContext, ref: PlaceProgress['ref'], than: ActualContainer): boolean {
  const other = 'id' in ref ? context.actual.containers.find(({ id }) => id === ref.id) : undefined;
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
