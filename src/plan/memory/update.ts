import { filesGoal } from '../../container/labels/files-digest.ts';
import { own } from '../../lib/maps/own.ts';
import { servicesAndHooks } from '../../model/app/services-and-hooks.ts';
import type { Memory } from '../../model/memory.ts';
import type { Outcome } from '../../model/outcome.ts';
import type { ActualContainer, ActualSite, DesiredApp, DesiredSite } from '../../model/state.ts';
import { readRetryKey, readSlotKey, serviceKey, slotKey, subjectKey } from '../../model/subject.ts';
import { openRollouts, startPauses } from '../decide/rollout.ts';
import { countReplacements, isForgotten } from '../decide/slot/replacement-loop.ts';
import { claimantsOf, isCompleted, slotsIn } from '../facts/containers.ts';
import { appDigest, goalOf } from '../facts/goals.ts';
import { rememberAdopted } from './adopted.ts';
import { ageBackoffs, countAttempts, forgetBackoffs } from './backoffs.ts';
import { rememberDependsOn } from './depends-on.ts';
import { endedParked, keepParked } from './parked.ts';
import { countHooks, hasPostStart, rememberPreStop } from './pending-hooks.ts';
import { countHookRuns, rememberRuns } from './sync-hooks.ts';

/** Remembers which containers ran to their end, and which were well for long enough. Returns the same object when there is nothing new. */
export function updateFromState(memory: Memory, desired: DesiredSite, actual: ActualSite, now: number): Memory {
  const completed = { ...memory.completed };
  const backoffs = ageBackoffs(memory.backoffs, desired, actual, now);
  for (const { id, wanted } of desired.apps.flatMap(slotsIn)) {
    const [only, ...others] = claimantsOf(actual.containers, id);
    // A container that is being removed does not tell how it ended.
    if (!only || others.length > 0 || only.status === 'removing' || only.status === 'dead') continue;
    const key = slotKey(id);
    // For an adopted one only convergence tells.
    const made = only.adopted ? completed[key] : madeFor(only);
    if (made === goalOf(wanted) && isCompleted(only, wanted) && !endedParked(memory, only)) completed[key] = made;
    else delete completed[key];
  }
  const replacements = keep(memory.replacements, (_, each) => !isForgotten(each, now));
  const adopted = rememberAdopted(memory, desired, actual);
  const rollouts = openRollouts(memory.rollouts, now);
  const preStop = rememberPreStop(memory.preStop, desired, actual);
  const files = forgetChanged(memory.files, desired, actual);
  const parked = keepParked(memory, actual);
  const dependsOn = rememberDependsOn(memory, desired, actual);
  const runs = rememberRuns(memory, desired, actual, now);
  const next = forgetUnknown(
    { ...memory, ...runs, completed, backoffs, replacements, preStop, adopted, rollouts, files, parked, dependsOn },
    desired,
    actual,
  );
  return same(next, memory) ? memory : next;
}

/**
 * Forgets the files that Git has dropped and that were changed since: they are the site's own now. Their size is not known, so that a
 * container that keeps changing them would make the agent read them again and again.
 */
function forgetChanged(files: Memory['files'], desired: DesiredSite, actual: ActualSite): Memory['files'] {
  const broken = new Set(desired.broken.map(({ name }) => name));
  const wanted = new Set(desired.apps.flatMap((app) => app.files.map(({ path }) => path)));
  const left = Object.entries(files).map(([app, written]) => {
    const isOurs = (path: string): boolean => {
      const found = own(actual.files, path);
      return broken.has(app) || wanted.has(path) || !found || found.digest === written[path];
    };
    return [app, keep(written, isOurs)] as const;
  });
  return Object.fromEntries(left.filter(([, written]) => Object.keys(written).length > 0));
}

/** The goal that a container was made for; undefined where its labels do not tell. */
const madeFor = ({ specHash, filesDigest, contentDigest, hooksDigest }: ActualContainer): string | undefined =>
  specHash === ''
    ? undefined
    : [specHash, filesDigest && filesGoal(filesDigest), contentDigest, hooksDigest].filter(Boolean).join('.');

/**
 * Forgets all that concerns neither an app of Git nor a container that is still here: an app that comes back one day is new then. Facts of a broken app
 * stay, since its last good state does.
 */
function forgetUnknown(memory: Memory, desired: DesiredSite, actual: ActualSite): Memory {
  const known = new Set([...desired.apps, ...desired.broken].map(({ name }) => name));
  const compiled = new Set(desired.apps.map(({ name }) => name));
  const slots = new Set(desired.apps.flatMap(slotsIn).map(({ id }) => slotKey(id)));
  const here = new Set(actual.containers.map(({ identity }) => slotKey(identity)));
  const isKnown = (key: string): boolean => known.has(readSlotKey(key).app);
  /** Nothing tells which slots a broken app has. */
  const isBroken = (key: string): boolean => isKnown(key) && !compiled.has(readSlotKey(key).app);
  const isClaimed = (key: string): boolean => isKnown(key) || here.has(key);
  return {
    ...memory,
    completed: keep(memory.completed, (key) => isBroken(key) || slots.has(key)),
    applied: keep(memory.applied, (app) => known.has(app)),
    settled: keep(memory.settled, (key) => isBroken(key) || slots.has(key)),
    begun: keep(memory.begun, (app) => known.has(app)),
    pulled: keep(memory.pulled, isKnown),
    pendingHooks: keep(memory.pendingHooks, (key) => isBroken(key) || hasPostStart(desired, readSlotKey(key))),
    replacements: keep(memory.replacements, isClaimed),
    backoffs: keep(memory.backoffs, (key) => {
      const subject = readRetryKey(key)?.subject;
      return subject?.kind !== 'slot' || isClaimed(slotKey(subject));
    }),
  };
}

const keep = <Value>(
  map: Record<string, Value>,
  isKept: (key: string, value: Value) => boolean,
): Record<string, Value> => Object.fromEntries(Object.entries(map).filter(([key, value]) => isKept(key, value)));

/**
 * Remembers an outcome: the attempts to make again later, the files that are ours, the images that were pulled. `random` in [0, 1) spreads the retries.
 */
export function updateFromOutcome(
  memory: Memory,
  app: DesiredApp,
  outcome: Outcome,
  now: number,
  random: () => number,
): Memory {
  const next: Memory = {
    ...memory,
    backoffs: { ...memory.backoffs },
    replacements: { ...memory.replacements },
    pulled: { ...memory.pulled },
    pendingHooks: { ...memory.pendingHooks },
    rollouts: { ...memory.rollouts },
    changes: { ...memory.changes },
    files: { ...memory.files, [app.name]: { ...own(memory.files, app.name) } },
  };
  countAttempts(next.backoffs, outcome, now, random);
  countReplacements(next.replacements, outcome, now);
  startPauses(next.rollouts, app, outcome, now);
  countHookRuns(next.changes, app, outcome);
  const begun = outcome.results.some(
    ({ operation, status }) => status === 'done' && operation.kind !== 'await' && !operation.syncHook,
  );
  if (begun && own(memory.applied, app.name) !== appDigest(app)) next.applied = { ...memory.applied, [app.name]: '' };
  const files = next.files[app.name] as Record<string, string>;
  for (const { operation, status } of outcome.results) {
    if (status !== 'done') continue;
    countHooks(next.pendingHooks, operation);
    if (operation.kind === 'writeFile') files[operation.file.path] = operation.file.digest;
    if (operation.kind === 'removeFile') delete files[operation.path];
    if (operation.kind === 'pullImage' && operation.always) {
      // One pull serves every service of the app that uses the image.
      for (const service of servicesAndHooks(app)) {
        if (service.containers[0]?.spec.Image === operation.image)
          next.pulled[serviceKey({ app: app.name, service: service.name })] = appDigest(app);
      }
    }
  }
  // Files that were there already, written by an earlier life whose memory was lost, are ours as well.
  // Beside an adopted stack they may belong to the people of the site.
  if (!app.adopt) for (const file of app.files) files[file.path] ??= file.digest;
  if (Object.keys(files).length === 0) delete next.files[app.name];
  return same(next, memory) ? memory : next;
}

/** The app is as Git says: from now on, a difference is drift. Failures of its files, networks and volumes are forgotten. */
export function rememberConverged(memory: Memory, app: DesiredApp): Memory {
  const over = new Set([
    subjectKey({ kind: 'files', app: app.name }),
    ...app.networks.map(({ spec }) => subjectKey({ kind: 'network', name: spec.Name })),
    ...app.volumes.map(({ spec }) => subjectKey({ kind: 'volume', name: spec.Name })),
  ]);
  const digest = appDigest(app);
  const next = forgetBackoffs(memory, (subject, purpose) => purpose === 'converge' && over.has(subjectKey(subject)));
  const isKnown =
    own(next.applied, app.name) === digest && slotsIn(app).every(({ id }) => own(next.settled, slotKey(id)));
  if (isKnown && own(next.begun, app.name) === undefined) return next;
  const { [app.name]: _, ...begun } = next.begun;
  const settled = Object.fromEntries(slotsIn(app).map(({ id, wanted }) => [slotKey(id), goalOf(wanted)]));
  return {
    ...next,
    applied: { ...next.applied, [app.name]: digest },
    settled: { ...next.settled, ...settled },
    begun,
  };
}

const same = (a: Memory, b: Memory): boolean => JSON.stringify(a) === JSON.stringify(b);
