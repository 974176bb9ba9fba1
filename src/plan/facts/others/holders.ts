import type { Problem } from '../../../lib/errors.ts';
import { own } from '../../../lib/maps/own.ts';
import type { Withheld } from '../../../model/plan.ts';
import type { ActualContainer, DesiredContainer, DesiredService } from '../../../model/state.ts';
import type { AppFacts } from '../app-facts.ts';
import { claims, isUp, type NamedSlot } from '../containers.ts';
import { type Fate, fateOf, fateOfName } from '../neighbours.ts';
import { endsByItself } from '../policy.ts';
import { claimantOf, joinedBy } from './joined.ts';
import { type SharedThing, sharedThings } from './shared-things.ts';

/** A container of ours, of any app, that runs and has something that another one needs. */
interface Holder {
  container: ActualContainer;
  thing: SharedThing;
  fate: Fate;
}

function holdersOf(facts: AppFacts, slot: NamedSlot): Holder[] {
  return others(facts, slot)
    .filter(isUp)
    .flatMap((container) =>
      sharedThings(container.spec, slot.wanted.spec).map((thing) => ({
        container,
        thing,
        fate: fateOf(facts.neighbours, container, thing),
      })),
    );
}

/** All containers of ours but those of the slot itself, and runs of hooks. */
const others = ({ actual }: AppFacts, { id }: NamedSlot): ActualContainer[] =>
  actual.containers.filter((each) => !each.syncHook && !claims(each, id));

/**
 * The reason not to make a container: another one of ours holds a thing that it needs and is not stopped, since prune is off or its app is
 * suspended. If the engine would refuse the thing, this is an error. Where the two would only share data, the new one waits, unless a
 * service that Git keeps shares it already.
 */
export function keptFrom(facts: AppFacts, slot: NamedSlot): { problem?: Problem; waits?: Withheld } | undefined {
  const name = keptName(facts, slot);
  if (name) return { problem: name };
  const holders = holdersOf(facts, slot);
  for (const { container, thing, fate } of holders) {
    const held = reasonToKeep(facts, container, fate);
    if (held && thing.risk === 'refused') return { problem: problemOf(facts, container, thing.text, held) };
  }
  for (const { container, thing, fate } of holders) {
    const held = reasonToKeep(facts, container, fate);
    if (!held || thing.risk !== 'data' || isSharedAnyway(facts, slot.wanted, thing)) continue;
    return { waits: { by: 'handOver', text: waitText(facts, container, thing.text, held) } };
  }
  return undefined;
}

function keptName(facts: AppFacts, slot: NamedSlot): Problem | undefined {
  const { wanted } = slot;
  const holder = others(facts, slot).find(({ name, status }) => name === wanted.name && status !== 'removing');
  if (!holder) return undefined;
  const fate = fateOfName(facts.neighbours, holder);
  const held = reasonToKeep(facts, holder, fate);
  if (held) return problemOf(facts, holder, `the name ${wanted.name}`, held);
  if (fate.letsGo || holder.identity.app === facts.desired.name) return undefined;
  const message = `the name ${wanted.name} is held by a container of app ${holder.identity.app}, which keeps it`;
  return { message, hint: 'give one of the two another container_name' };
}

/**
 * The reason that a container stays although Git wants it gone. A backoff or a closed sync window is none, since it ends, and neither is
 * a reason that holds back the whole app.
 */
export function reasonToKeep(
  { desired, hold }: AppFacts,
  { identity }: ActualContainer,
  fate: Fate,
): Withheld | undefined {
  if (!fate.letsGo || !fate.held || endsByItself(fate.held)) return undefined;
  if (identity.app === desired.name && hold({ cause: 'revision' })?.by === fate.held.by) return undefined;
  return fate.held;
}

/** A container that stays mounts it beside the one that goes: the two are made to share it. */
const isSharedAnyway = ({ actual, neighbours }: AppFacts, wanted: DesiredContainer, thing: SharedThing): boolean =>
  actual.containers.some(
    (each) =>
      sharedThings(each.spec, wanted.spec).some(({ kind, text }) => kind === thing.kind && text === thing.text) &&
      !fateOf(neighbours, each, thing).letsGo,
  );

function problemOf(facts: AppFacts, holder: ActualContainer, thing: string, held: Withheld): Problem {
  const prune = held.by === 'prune' ? ', apply once with --prune,' : '';
  const message = `${thing} is held by container ${whose(facts, holder)}, which is not stopped: ${held.text}`;
  return { message, hint: `to release it: docker rm -f ${holder.name}${prune} or lift what holds it back` };
}

const waitText = (facts: AppFacts, holder: ActualContainer, thing: string, held: Withheld): string =>
  `it waits for ${thing}, which container ${whose(facts, holder)} still has; that one is not stopped: ${held.text}`;

/** `shop-db-1, which Git no longer names` or `old-db-1 of app old`. */
function whose({ desired, neighbours }: AppFacts, { name, identity }: ActualContainer): string {
  if (identity.app !== desired.name) return `${name} of app ${identity.app}`;
  const isNamed = neighbours.wanted(identity.app)?.services.some(({ name: each }) => each === identity.service);
  return isNamed ? name : `${name} (Git no longer names the service ${identity.service})`;
}

/** The reason for a start to wait until the next look at the site. */
export function waitsFor({ desired }: AppFacts, { name, identity }: ActualContainer, thing: string): Withheld {
  const holder = identity.app === desired.name ? name : `${name} of app ${identity.app}`;
  return { by: 'handOver', text: `it waits until ${holder} lets go of ${thing}` };
}

/** A container of another app that this one joins by its name has to run. The engine finds strangers by itself. */
export function waitsForJoined(facts: AppFacts, wanted: DesiredContainer): Withheld | undefined {
  for (const joined of joinedBy(facts.desired, wanted, facts.neighbours)) {
    const { mode, isNamespace, app } = joined;
    if (app === facts.desired) continue;
    const found = claimantOf(joined, facts.actual.containers);
    if (found && (!isNamespace || isUp(found))) continue;
    return { by: 'handOver', text: `it waits until ${mode.slice('container:'.length)} of app ${app.name} runs` };
  }
  return undefined;
}

/** A thing that a container of ours lets go of for another one, of any app, that may begin now. */
interface Wish {
  app: string;
  service: DesiredService;
  wanted: DesiredContainer;
  text: string;
}

export const wishOf = (facts: AppFacts, holder: ActualContainer): Wish | undefined => wishesOf(facts, holder)[0];

/** All of them. */
export function wishesOf({ neighbours }: Pick<AppFacts, 'neighbours'>, holder: ActualContainer): Wish[] {
  return neighbours.apps.flatMap((app) => {
    if (neighbours.hold(app.name, { cause: 'revision' })) return [];
    return app.services.flatMap((service) =>
      service.containers.flatMap((wanted) =>
        sharedThings(holder.spec, wanted.spec)
          .filter((thing) => thing.risk !== 'shared' && fateOf(neighbours, holder, thing).letsGo)
          .map(({ text }) => ({ app: app.name, service, wanted, text })),
      ),
    );
  });
}

/** Git no longer names a container, and another app needs something that it has. It runs on until the image of that app is there. */
export function runsOnFor(facts: AppFacts, holder: ActualContainer): Withheld | undefined {
  if (!isUp(holder)) return undefined;
  const awaited = wishesOf(facts, holder).find(
    ({ app, service, wanted }) =>
      app !== facts.desired.name &&
      service.pullPolicy !== 'never' &&
      own(facts.actual.images, wanted.spec.Image) === undefined,
  );
  if (!awaited) return undefined;
  const { app, wanted, text } = awaited;
  return {
    by: 'handOver',
    text: `it runs on until ${wanted.spec.Image} is here, with which app ${app} takes over ${text}`,
  };
}
