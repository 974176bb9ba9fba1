import type { ActualContainer, DesiredContainer } from '../../../model/state.ts';
import { isCompleted } from '../../facts/containers.ts';
import { claimantOf, type Joined, joinedBy } from '../../facts/others/joined.ts';
import type { Decision, Known } from '../decision.ts';
import { writesFor } from '../files.ts';
import { outlookOf } from '../outlook.ts';

/** Reasons for a replacement that lie outside the container: a file whose old inode it holds, a namespace it joined that is gone. */
export function externalReasons(known: Known, wanted: DesiredContainer, found: ActualContainer): string[] {
  const { facts, resources } = known;
  // A container that has done its work needs its files and namespaces no more.
  if (isCompleted(found, wanted)) return [];
  const reasons = writesFor(resources.files, wanted).boundItself.map(
    (path) => `${path} is written again, and it binds the old one`,
  );
  for (const joined of joinedBy(facts.desired, wanted, facts.neighbours)) {
    const { mode, isNamespace } = joined;
    const decision = decisionOn(known, joined);
    if (decision && outlookOf(decision)?.replaced) reasons.push(`${mode} gets a new container`);
    else if (isNamespace && startedLater(joinedContainer(known, joined), found, facts.actual.at)) {
      reasons.push(`${mode} was started after it, and has another namespace now`);
    }
  }
  return reasons;
}

/** The decision on a joined container of the same app. */
const decisionOn = ({ facts, services }: Known, { app, service, wanted }: Joined): Decision | undefined =>
  app === facts.desired
    ? services.get(service.name)?.decisions.find(({ slot }) => slot.id.number === wanted.number)
    : undefined;

/** A joined container as it is now; undefined where this plan makes it, and where there is none. */
function joinedContainer(known: Known, joined: Joined): ActualContainer | undefined {
  if (joined.app !== known.facts.desired) return claimantOf(joined, known.facts.actual.containers);
  const decision = decisionOn(known, joined);
  return decision && 'container' in decision ? decision.container : undefined;
}

/** A time that lies in the future was taken before the clock was set back, and proves nothing. */
const startedLater = (other: ActualContainer | undefined, than: ActualContainer, now: string | undefined): boolean =>
  other?.status === 'running' &&
  than.status === 'running' &&
  sortableTime(other.startedAt) > sortableTime(than.startedAt) &&
  (now === undefined || sortableTime(other.startedAt) <= sortableTime(now));

/** Engines trim zeros at the end of the fraction: made equally long, RFC 3339 in UTC sorts as text. */
function sortableTime(time: string): string {
  const [seconds = '', fraction = ''] = time.replace(/Z$/, '').split('.');
  return `${seconds}.${fraction.padEnd(9, '0')}`;
}
