import { own } from '../../lib/own.ts';
import type { Backoff, Memory } from '../../model/memory.ts';
import type { Outcome } from '../../model/outcome.ts';
import type { ActualContainer, ActualSite, DesiredApp, DesiredSite } from '../../model/state.ts';
import { goalOf } from '../decide/assess.ts';
import { isForgottenLoop, isLoop, learnLoops, loopPause } from '../decide/replacement-loop.ts';
import { learnRollouts, openRollouts } from '../decide/rollout.ts';
import { hasPostStart, learnHooks, rememberPreStop } from '../draft/slot/hooks.ts';
import { appDigest } from '../facts/app-digest.ts';
import { isCompleted } from '../heal.ts';
import { AGAIN, againKey } from '../resource-backoff.ts';
import { rememberAdopted } from './adopted.ts';

/** Seconds: the first step, and the cap. A place is as kubelet and Compose-era agents do it; a registry gets more rest. */
const STEPS = { place: [10, 300], pull: [10, 1800], other: [5, 180] } as const;
/** After ten minutes of being well, a place's failures are forgotten. */
const WELL_MS = 10 * 60_000;

/** What an observation teaches: who ran to its end, who has been well for long enough. Returns the same object when it teaches nothing. */
export function learnFromState(memory: Memory, desired: DesiredSite, actual: ActualSite, now: number): Memory {
  const completed = { ...memory.completed };
  const backoffs = { ...memory.backoffs };
  for (const app of desired.apps) {
    for (const service of app.services) {
      for (const wanted of service.containers) {
        const key = `${app.name}/${service.name}/${wanted.number}`;
        const goal = goalOf(wanted);
        const found = actual.containers.filter(
          ({ identity: i }) => i.app === app.name && i.service === service.name && i.number === wanted.number,
        );
        const runs = found.some(({ status, health }) => status === 'running' && health !== 'unhealthy');
        for (const name of [`place ${key}`, `mend ${key}`, `mend ${key} hooks`, `place ${key} old`]) {
          const next = backoffs[name] && ageBackoff(backoffs[name], runs, now);
          if (next) backoffs[name] = next;
          else delete backoffs[name];
        }
        const [only] = found;
        if (found.length !== 1 || !only) continue;
        // How it ended is not told of one that somebody takes away just now.
        if (only.status === 'removing' || only.status === 'dead') continue;
        // Of an adopted one only convergence tells.
        const made = only.adopted ? completed[key] : madeFor(only);
        if (made === goal && isCompleted(only, wanted)) completed[key] = goal;
        else delete completed[key];
      }
    }
  }
  ageResources(backoffs, actual, now);
  for (const [key, backoff] of Object.entries(backoffs)) if (isForgottenLoop(key, backoff, now)) delete backoffs[key];
  const adopted = rememberAdopted(memory, desired, actual);
  const rollouts = openRollouts(memory.rollouts, now);
  const preStop = rememberPreStop(memory.preStop, desired, actual);
  const files = forgetChanged(memory.files, desired, actual);
  const next = forgetUnknown({ ...memory, completed, backoffs, preStop, adopted, rollouts, files }, desired, actual);
  return same(next, memory) ? memory : next;
}

/**
 * Without the files that Git has dropped and somebody has changed since: they are the site's own now. Their size is not known, so a container that
 * changes them again and again would have them read again and again.
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

/** Networks and volumes that were made again are well while they are there; changes `backoffs` in place. */
function ageResources(backoffs: Record<string, Backoff>, actual: ActualSite, now: number): void {
  const there = new Set([
    ...Object.keys(actual.networks).map((name) => againKey('network', name)),
    ...Object.keys(actual.volumes).map((name) => againKey('volume', name)),
  ]);
  for (const [key, backoff] of Object.entries(backoffs)) {
    if (!key.startsWith(AGAIN)) continue;
    const next = ageBackoff(backoff, there.has(key), now);
    if (next) backoffs[key] = next;
    else delete backoffs[key];
  }
}

/** The goal that a container was made for; undefined where its labels do not tell. */
const madeFor = ({ specHash, filesDigest, contentDigest, hooksDigest }: ActualContainer): string | undefined =>
  specHash === '' ? undefined : [specHash, filesDigest, contentDigest, hooksDigest].filter(Boolean).join('.');

/** undefined: forgotten. */
function ageBackoff(backoff: Backoff, runs: boolean, now: number): Backoff | undefined {
  const { wellSince, ...rest } = backoff;
  if (wellSince !== undefined && now - wellSince >= WELL_MS) return undefined;
  if (!runs) return wellSince === undefined ? backoff : rest;
  return wellSince === undefined ? { ...backoff, wellSince: now } : backoff;
}

/**
 * Without what concerns neither an app of Git nor anything that is still here: an app that comes back one day is new then. What is known of a
 * broken app stays, for its last good state does.
 */
function forgetUnknown(memory: Memory, desired: DesiredSite, actual: ActualSite): Memory {
  const known = new Set([...desired.apps, ...desired.broken].map(({ name }) => name));
  const isKnown = (key: string): boolean => known.has(key.split('/')[0] as string);
  const places = new Set(desired.apps.flatMap(placesOf));
  const compiled = new Set(desired.apps.map(({ name }) => name));
  const here = new Set(actual.containers.map(({ identity: i }) => `${i.app}/${i.service}/${i.number}`));
  return {
    ...memory,
    completed: keep(
      memory.completed,
      (key) => isKnown(key) && (places.has(key) || !compiled.has(key.split('/')[0] as string)),
    ),
    applied: keep(memory.applied, isKnown),
    pulled: keep(memory.pulled, isKnown),
    owed: keep(
      memory.owed,
      (key) => isKnown(key) && (hasPostStart(desired, key) || !compiled.has(key.split('/')[0] as string)),
    ),
    backoffs: keep(memory.backoffs, (key) => {
      const place = /^(?:place|mend|loop) (\S+)/.exec(key)?.[1];
      return place === undefined || isKnown(place) || here.has(place);
    }),
  };
}

const placesOf = (app: DesiredApp): string[] =>
  app.services.flatMap(({ name, containers }) => containers.map(({ number }) => `${app.name}/${name}/${number}`));

const keep = <Value>(map: Record<string, Value>, isKept: (key: string) => boolean): Record<string, Value> =>
  Object.fromEntries(Object.entries(map).filter(([key]) => isKept(key)));

/**
 * What an outcome teaches: what to try again later, which files are ours, what was pulled. `random` in [0, 1) spreads the retries.
 */
export function learnFromOutcome(
  memory: Memory,
  app: DesiredApp,
  outcome: Outcome,
  now: number,
  random: () => number,
): Memory {
  const next: Memory = {
    ...memory,
    backoffs: { ...memory.backoffs },
    pulled: { ...memory.pulled },
    owed: { ...memory.owed },
    rollouts: { ...memory.rollouts },
    files: { ...memory.files, [app.name]: { ...own(memory.files, app.name) } },
  };
  learnBackoffs(next, outcome, now, random);
  learnLoops(next.backoffs, outcome, now);
  learnRollouts(next.rollouts, app, outcome, now);
  const begun = outcome.results.some(({ operation, status }) => status === 'done' && operation.kind !== 'await');
  if (begun && own(memory.applied, app.name) !== appDigest(app)) next.applied = { ...memory.applied, [app.name]: '' };
  const files = next.files[app.name] as Record<string, string>;
  for (const { operation, status } of outcome.results) {
    if (status !== 'done') continue;
    learnHooks(next.owed, operation);
    if (operation.kind === 'writeFile') files[operation.file.path] = operation.file.digest;
    if (operation.kind === 'removeFile') delete files[operation.path];
    if (operation.kind === 'pullImage' && operation.always) {
      // One pull serves every service of the app that uses the image.
      for (const service of app.services) {
        if (service.containers[0]?.spec.Image === operation.image)
          next.pulled[`${app.name}/${service.name}`] = appDigest(app);
      }
    }
  }
  // Files that were there already, written by an earlier life whose memory was lost, are ours as well.
  // Beside an adopted stack they may be anybody's.
  if (!app.adopt) for (const file of app.files) files[file.path] ??= file.digest;
  if (Object.keys(files).length === 0) delete next.files[app.name];
  return same(next, memory) ? memory : next;
}

/** The app is as Git says: from here on, what differs is drift. What failed of its files, networks and volumes is over. */
export function learnConverged(memory: Memory, app: DesiredApp): Memory {
  const over = new Set([
    `files ${app.name}`,
    ...app.networks.map(({ spec }) => `network ${spec.Name}`),
    ...app.volumes.map(({ spec }) => `volume ${spec.Name}`),
  ]);
  const digest = appDigest(app);
  const next = forgetBackoffs(memory, (key) => over.has(key));
  return own(next.applied, app.name) === digest ? next : { ...next, applied: { ...next.applied, [app.name]: digest } };
}

function learnBackoffs(memory: Memory, outcome: Outcome, now: number, random: () => number): void {
  const byKey = new Map<string, { goal: string; counts: boolean; error: string; done: boolean }>();
  // What is still on its way may yet fail as it did before.
  const underWay = new Set<string>();
  for (const result of outcome.results) {
    const { backoff } = result.operation;
    if (backoff && (result.status === 'waiting' || result.status === 'withheld')) underWay.add(backoff.key);
    if (!backoff || (result.status !== 'done' && result.status !== 'failed')) continue;
    const seen = byKey.get(backoff.key) ?? { goal: backoff.goal, counts: false, error: '', done: true };
    if (result.status === 'failed' && result.operation.onlyIfFailed === undefined) {
      seen.counts = true;
      seen.done = false;
      seen.error ||= result.error.message;
    }
    if (backoff.counts === 'attempts') seen.counts = true;
    byKey.set(backoff.key, seen);
  }
  for (const [key, { goal, counts, error, done }] of byKey) {
    if (!counts) {
      if (done && !underWay.has(key)) delete memory.backoffs[key];
      continue;
    }
    const before = memory.backoffs[key];
    const failures = (before?.goal === goal ? before.failures : 0) + 1;
    memory.backoffs[key] = { goal, failures, until: now + delay(key, failures, random), error };
  }
}

/** Milliseconds: doubling from the first step to the cap, with up to a fifth more so that sites do not march in step. */
export function delay(key: string, failures: number, random: () => number): number {
  if (isLoop(key)) return loopPause(failures) * (1 + random() / 5);
  const [first, cap] = STEPS[/^(place|mend) /.test(key) ? 'place' : key.startsWith('pull ') ? 'pull' : 'other'];
  return 1000 * Math.min(cap, first * 2 ** Math.min(failures - 1, 20)) * (1 + random() / 5);
}

/** Times in a row after which not even an engine that comes back is a reason to try again at once: it may be what we do that it dies of. */
const HOPEFUL = 3;

/** The engine answers again. What was mended while it went down, or came up, was for nothing, and is not held against anybody. */
export function retryAfterOutage(memory: Memory, now: number): Memory {
  const backoffs = Object.fromEntries(
    Object.entries(memory.backoffs).map(([key, backoff]) => {
      const isHopeful = /^(place|mend) /.test(key) && backoff.failures <= HOPEFUL && backoff.until > now;
      return [key, isHopeful ? { ...backoff, until: now } : backoff];
    }),
  );
  return { ...memory, backoffs };
}

/** A new commit or a link that comes back: everything may be tried again at once. */
export function forgetBackoffs(memory: Memory, concerns: (key: string) => boolean): Memory {
  const kept = Object.entries(memory.backoffs).filter(([key]) => !concerns(key));
  return kept.length === Object.keys(memory.backoffs).length
    ? memory
    : { ...memory, backoffs: Object.fromEntries(kept) };
}

const same = (a: Memory, b: Memory): boolean => JSON.stringify(a) === JSON.stringify(b);
