import { contentDigest, hooksDigest } from '../../container/labels/hash.ts';
import { own } from '../../lib/maps/own.ts';
import type { AdoptedDigests, Memory } from '../../model/memory.ts';
import type { Identity } from '../../model/spec.ts';
import type { ActualContainer, ActualSite, DesiredApp, DesiredContainer, DesiredSite } from '../../model/state.ts';
import { slotKey } from '../../model/subject.ts';
import { bindsGitsFiles } from '../decide/files.ts';
import { claims, isCompleted, slotsIn, wantedAt } from '../facts/containers.ts';
import { goalOf } from '../facts/goals.ts';

/** The apps whose adopted containers are observed: those with `adopt`, and adopted ones that Git no longer names. Sorted. */
export function adopting({ apps, broken }: DesiredSite, memory: Memory): string[] {
  const known = new Set([...apps, ...broken].map(({ name }) => name));
  const asked = [...apps, ...broken].flatMap(({ name, adopt }) => (adopt ? [name] : []));
  return [...new Set([...asked, ...Object.keys(memory.adopted).filter((name) => !known.has(name))])].sort();
}

/**
 * The next Memory.adopted. A container that is seen for the first time counts as one with the configs and secrets that Git wants, since no
 * engine shows them. The disk tells if it has the files of Git that it binds.
 */
export function rememberAdopted(
  memory: Memory,
  desired: DesiredSite,
  actual: Pick<ActualSite, 'containers' | 'files'>,
): Memory['adopted'] {
  const apps: Memory['adopted'] = {};
  for (const { name } of desired.broken) {
    const kept = own(memory.adopted, name);
    if (kept) apps[name] = kept;
  }
  for (const { id, identity, adopted } of actual.containers) {
    if (!adopted) continue;
    const app = desired.apps.find(({ name }) => name === identity.app);
    const known = own(memory.adopted, identity.app)?.[id] ?? UNKNOWN;
    const digests = app && known.contentDigest === UNKNOWN.contentDigest ? firstSeen(app, identity, actual) : known;
    apps[identity.app] = { ...own(apps, identity.app), [id]: withHooks(digests, app && wantedAt(app, identity)) };
  }
  return Object.fromEntries(Object.entries(apps).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** For an adopted container whose service is not in Git. "?" is never a real digest. */
const UNKNOWN: AdoptedDigests = { filesDigest: '?', contentDigest: '?' };

function firstSeen(app: DesiredApp, identity: Identity, actual: Pick<ActualSite, 'files'>): AdoptedDigests {
  const wanted = wantedAt(app, identity);
  if (!wanted) return UNKNOWN;
  return {
    filesDigest: bindsGitsFiles(app, wanted, actual) ? wanted.filesDigest : UNKNOWN.filesDigest,
    contentDigest: contentDigest(wanted.spec.Files),
  };
}

/** No label tells which hooks ran after the start of an adopted container: those that Git has when it is first seen count. */
const withHooks = (digests: AdoptedDigests, wanted: DesiredContainer | undefined): AdoptedDigests =>
  wanted && digests.hooksDigest === undefined ? { ...digests, hooksDigest: hooksDigest(wanted.hooks) } : digests;

/** Fills in the digests that are remembered for the labels that an adopted container lacks. */
export function withDigests(container: ActualContainer, memory: Memory): ActualContainer {
  const known = container.adopted && own(memory.adopted, container.identity.app)?.[container.id];
  return known ? { ...container, ...known } : container;
}

/**
 * No label tells what an adopted container was made for. Once the app has converged, one that ran to its end did just what Git asks, so
 * that it is not run again when a person prunes it. Returns the same object when there is nothing new.
 */
export function rememberCompleted(memory: Memory, app: DesiredApp, actual: Pick<ActualSite, 'containers'>): Memory {
  const completed = { ...memory.completed };
  for (const { id, wanted } of slotsIn(app)) {
    const found = actual.containers.find((each) => each.adopted && claims(each, id));
    if (found && isCompleted(found, wanted)) completed[slotKey(id)] = goalOf(wanted);
  }
  const isNew = Object.entries(completed).some(([key, goal]) => memory.completed[key] !== goal);
  return isNew ? { ...memory, completed } : memory;
}
