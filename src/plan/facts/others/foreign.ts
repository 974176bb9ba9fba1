import type { Problem } from '../../../lib/errors.ts';
import { own } from '../../../lib/maps/own.ts';
import type { ComposedContainer } from '../../../model/state.ts';
import type { AppFacts } from '../app-facts.ts';
import type { NamedSlot } from '../containers.ts';

/**
 * A container that is not ours in the slot of one of ours: the holder of its name, or, where the slot is empty, the one that `docker compose` runs as the
 * same service. undefined: the slot is free.
 */
export function rivalOf(facts: AppFacts, { service, wanted }: NamedSlot, isTaken: boolean): Problem | undefined {
  const holder = nameHolder(facts, wanted.name);
  if (holder || isTaken) return holder;
  const twin = composedOf(facts).find((each) => each.service === service.name && each.number === wanted.number);
  return (
    twin && {
      message: `${service.name} runs already as container ${twin.name}, which ${starter(twin)} and is not ours`,
      hint: ADOPT,
    }
  );
}

/** The container that holds a name and is not ours; undefined: there is none. */
export function nameHolder(facts: AppFacts, name: string): Problem | undefined {
  const id = own(facts.actual.foreignNames, name);
  if (id === undefined) return undefined;
  const composed = composedOf(facts).find((each) => each.id === id);
  const message = `the name ${name} is held by container ${id.slice(0, 12)}, which ${composed ? `${starter(composed)} and ` : ''}is not ours`;
  return { message, hint: composed ? ADOPT : 'rename or remove that one, or give the service a container_name' };
}

const ADOPT =
  'set adopt: true in the Application, or give --adopt for one run, to take it over as it is; or remove it with docker compose down';

const composedOf = ({ actual, desired }: AppFacts): ComposedContainer[] =>
  (actual.composed ?? []).filter(({ project }) => project === desired.name);

const starter = ({ directory }: ComposedContainer): string =>
  `docker compose started${directory ? ` from ${directory}` : ''}`;
