import { slotSubject } from '../../model/subject.ts';
import type { Need } from '../decide/decision.ts';
import type { AppDraft } from './app-draft.ts';
import { creationOf, pullOf, writeOf } from './queries.ts';
import { draftPull } from './resources.ts';

/** The operations that meet the needs of a service's container. Pulls and gates that are not there yet are drafted. */
export const meet = (app: AppDraft, service: string, needs: readonly Need[]): number[] =>
  needs.flatMap((need) => meetOne(app, service, need));

function meetOne(app: AppDraft, service: string, need: Need): number[] {
  const { draft, facts } = app;
  switch (need.kind) {
    case 'pull':
      return [pullOf(draft, need.pull.image, need.pull.platform) ?? draftPull(draft, need.pull)];
    case 'network':
    case 'volume':
      return [creationOf(draft, need.kind, need.name) ?? []].flat();
    case 'file':
      return [writeOf(draft, facts.desired.name, need.path) ?? []].flat();
    case 'service': {
      const slots = app.services.get(need.service) ?? [];
      if (need.condition === 'started') return slots.flatMap(({ started }) => started);
      return need.slots.map((number) => gate(app, service, need.service, need.condition, number));
    }
  }
}

/** Each condition of a slot is looked at once in a pass, for all that wait for it. */
function gate(
  { draft, facts, services }: AppDraft,
  dependent: string,
  service: string,
  condition: 'started' | 'healthy' | 'completed',
  number: number,
): number {
  const subject = slotSubject({ app: facts.desired.name, service, number });
  const known = draft.about(subject).find((each) => each.kind === 'await' && each.condition === condition);
  if (known) return known.id;
  const slots = services.get(service) ?? [];
  const slot = slots.find((each) => each.number === number);
  if (!slot || condition === 'started') throw new RangeError(`${service} has no container ${number} to wait for`);
  return draft.add({
    kind: 'await',
    subject,
    cause: 'revision',
    container: slot.ref,
    condition,
    service,
    reason: `${dependent} depends on it`,
    after: slots.flatMap(({ started }) => started),
  });
}
