import type { Memory } from '../model/memory.ts';
import type { ActualSite, DesiredApp, DesiredSite } from '../model/state.ts';
import { goalOf } from './assess.ts';
import type { AppContext } from './context.ts';
import { isCompleted } from './heal.ts';

/** Apps of which adopted containers are looked for: those that say so, and those that Git no longer names. Sorted. */
export function adopting({ apps, broken }: DesiredSite, memory: Memory): string[] {
  const known = new Set([...apps, ...broken].map(({ name }) => name));
  const asked = [...apps, ...broken].flatMap(({ name, adopt }) => (adopt ? [name] : []));
  return [...new Set([...asked, ...memory.adopted.filter((name) => !known.has(name))])].sort();
}

/** Apps with adopted containers here, and broken ones that had some. Sorted. */
export function adoptedApps(memory: Memory, desired: DesiredSite, actual: Pick<ActualSite, 'containers'>): string[] {
  const here = actual.containers.flatMap(({ adopted, identity }) => (adopted ? [identity.app] : []));
  const broken = desired.broken.flatMap(({ name }) => (memory.adopted.includes(name) ? [name] : []));
  return [...new Set([...here, ...broken])].sort();
}

/** What `docker compose` made and nothing in this plan replaces or removes. */
export const adoptedOf = ({ desired, actual, removals }: AppContext): string[] =>
  actual.containers
    .filter(({ identity, adopted, id }) => adopted && identity.app === desired.name && !removals.has(id))
    .map(({ name }) => name);

/**
 * No label tells what an adopted container was made for. Once the app has converged, one that ran to its end did just what Git asks, so that
 * pruning it by hand re-runs nothing. Returns the same object when it teaches nothing.
 */
export function learnAdopted(memory: Memory, app: DesiredApp, actual: Pick<ActualSite, 'containers'>): Memory {
  const completed = { ...memory.completed };
  for (const { name, containers } of app.services) {
    for (const wanted of containers) {
      const found = actual.containers.find(
        ({ adopted, identity: i }) => adopted && i.app === app.name && i.service === name && i.number === wanted.number,
      );
      if (found && isCompleted(found, wanted)) completed[`${app.name}/${name}/${wanted.number}`] = goalOf(wanted);
    }
  }
  const isNew = Object.entries(completed).some(([key, goal]) => memory.completed[key] !== goal);
  return isNew ? { ...memory, completed } : memory;
}
