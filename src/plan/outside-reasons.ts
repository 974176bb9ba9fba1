import type { ActualContainer, DesiredContainer } from '../model/state.ts';
import type { Assessment } from './assess.ts';
import type { AppContext, PlaceProgress } from './context.ts';
import { writesFor } from './files.ts';
import { isCompleted } from './heal.ts';
import { type Joined, joinedBy, namedBy } from './joined.ts';

/** Reasons for a replacement that lie outside the container: a file whose old inode it holds, a namespace it joined that is gone. */
export function withOutsideReasons(context: AppContext, wanted: DesiredContainer, assessment: Assessment): Assessment {
  // What has done its work needs none of it any more.
  if (isCompleted(assessment.container, wanted)) return assessment;
  const replace = [...assessment.replace];
  for (const path of writesFor(context, wanted).boundItself)
    replace.push(`${path} is written anew, and it binds the old one`);
  for (const joined of joinedBy(context.desired, wanted, context.neighbours)) {
    const { mode, isNamespace } = joined;
    const progress = progressOf(context, joined);
    if (progress?.replaced) replace.push(`${mode} gets a new container`);
    else if (isNamespace && startedLater(context, currentOf(context, mode, progress), assessment.container)) {
      replace.push(`${mode} was started after it, and has another namespace now`);
    }
  }
  return { ...assessment, replace };
}

/** How far a container of the same app is; undefined for those of others. */
const progressOf = ({ desired, services }: AppContext, { app, service, wanted }: Joined): PlaceProgress | undefined =>
  app === desired ? services.get(service.name)?.containers.find(({ number }) => number === wanted.number) : undefined;

const currentOf = (
  { actual }: AppContext,
  mode: string,
  progress: PlaceProgress | undefined,
): ActualContainer | undefined =>
  progress === undefined
    ? namedBy(mode, actual.containers)
    : actual.containers.find(({ id }) => 'id' in progress.ref && id === progress.ref.id);

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
