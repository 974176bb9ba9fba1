import type { ActualContainer } from '../../../model/state.ts';
import { claimantOf, type Joined } from '../../facts/others/joined.ts';
import type { Decision, Known } from '../decision.ts';

/** The decision on a joined container of the same app. */
export const decisionOn = ({ facts, services }: Known, { app, service, wanted }: Joined): Decision | undefined =>
  app === facts.desired
    ? services.get(service.name)?.decisions.find(({ slot }) => slot.id.number === wanted.number)
    : undefined;

/** A joined container as it is now; undefined where this plan makes it, and where there is none. */
export function joinedContainer(known: Known, joined: Joined): ActualContainer | undefined {
  if (joined.app !== known.facts.desired) return claimantOf(joined, known.facts.actual.containers);
  const decision = decisionOn(known, joined);
  return decision && 'container' in decision ? decision.container : undefined;
}
