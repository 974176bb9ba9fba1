import type { CompileOptions } from '../../compose/load/values/values.ts';
import { messageOf } from '../../lib/errors.ts';
import { durationText } from '../../lib/units/duration.ts';
import type { SiteFacts } from '../../model/fleet.ts';
import type { DesiredSite } from '../../model/state.ts';
import type { Polled } from '../../source/source.ts';
import type { Trust } from '../../trust/trust.ts';
import type { AgentOptions } from '../agent-options.ts';
import { desiredOf } from '../follow/gather.ts';
import { logOnce } from '../reconcile/operation-log.ts';
import type { Accepted } from '../state/accepted.ts';
import { createPromotions } from './promotions.ts';
import { openSightings } from './sightings.ts';
import { compareApps, stage, type WaitingChange } from './stage.ts';

/** A poll that Git has just answered. */
export interface Seen {
  polled: Polled;
  signal: AbortSignal;
}

/** Keeps changes of apps back until the site's step of the rollout has come. */
export interface Staging {
  /** Splits what was gathered into what begins now and what waits, and tells the log what waits. Throws SourceError, EngineError. */
  stage(next: Accepted, current: Accepted | undefined, compile: CompileOptions, seen: Seen): Promise<Accepted>;
  /** Looks at what a poll shows beside an unchanged commit. True: a change that waits may begin, or may not any more. */
  isToStage(waiting: readonly string[], seen: Seen): Promise<boolean>;
  /** Milliseconds until the next change that waits may begin; undefined: none waits for a time. */
  dueIn(): number | undefined;
  /** Why each change waits now, in words, by app. */
  waiting(): ReadonlyMap<string, string>;
}

/** `trustedWall`: the wall time in milliseconds while it can be trusted. */
export async function createStaging(
  options: AgentOptions,
  trustedWall: () => number | undefined,
  trust: () => Promise<Trust | undefined>,
  facts?: () => Promise<SiteFacts>,
): Promise<Staging> {
  const { disk, clock, log, stateDir, territory } = options;
  const path = `${stateDir}/steps.json`;
  const { sightings, problem } = await openSightings({ disk, path, clock, trustedWall });
  if (problem) log.error(problem);
  const promotions = createPromotions(options, sightings, trust, facts);
  /** After a restart nothing is known of the times: the first poll looks. */
  let due: { at: number } | undefined = { at: clock.monotonic() };
  let waits: { changes: readonly WaitingChange[]; at: number } = { changes: [], at: 0 };
  /** The words that the log was told, by app, so that they are told once. */
  const told = new Map<string, string>();

  const tell = (waiting: readonly WaitingChange[], next: Accepted): void => {
    for (const app of told.keys()) {
      if (waiting.some((change) => change.app === app)) continue;
      told.delete(app);
      log.info(`the change of ${app} begins`, { app });
    }
    for (const change of waiting) {
      const words = wordsOf(change);
      const revision = next.apps[change.app]?.revision ?? next.commit;
      if (!told.has(change.app)) log.info(words, { app: change.app, revision });
      told.set(change.app, words);
    }
  };

  const tellDisk = logOnce(log, `${path} can be written again`);
  const save = (): Promise<void> =>
    sightings.save().then(
      () => tellDisk(''),
      (error: unknown) => tellDisk(`${path} cannot be written: ${messageOf(error)}`),
    );

  return {
    async isToStage(waiting, { polled, signal }) {
      const isPromoted = await promotions.look(polled, waiting, signal);
      if (isPromoted || (due !== undefined && due.at <= clock.monotonic())) return true;
      await save();
      return false;
    },

    async stage(next, current, compile, { polled, signal }) {
      if (!isInSteps(next, current)) return next;
      const compiled = (state: Accepted): Promise<DesiredSite> => desiredOf(state, compile, territory);
      const running = current && (await compiled(current));
      const wanted = await compiled(next);
      const apps = running && compareApps(running, wanted);
      const changes = apps?.changes ?? new Map<string, string>();
      await promotions.look(polled, [...changes.keys()], signal);
      const about = current ? await promotions.about(changes, { next, current, compile, signal }) : new Map();
      const { accepted, waiting } = stage(next, current, { apps, sightings, promotions: about });
      await save();
      const times = waiting.map(({ wait }) => wait).filter(Number.isFinite);
      due = times.length > 0 ? { at: clock.monotonic() + Math.min(...times) } : undefined;
      tell(waiting, accepted);
      waits = { changes: waiting, at: clock.monotonic() };
      return accepted;
    },
    dueIn: () => due && Math.max(0, due.at - clock.monotonic()),
    waiting() {
      const passed = clock.monotonic() - waits.at;
      return new Map(
        waits.changes.map(({ wait, ...change }) => [
          change.app,
          wordsOf({ ...change, wait: Math.max(0, wait - passed) }),
        ]),
      );
    },
  };
}

/** Only then a rollout has a say. */
const isInSteps = (next: Accepted, current: Accepted | undefined): boolean =>
  [next, current].some(
    (state) =>
      state !== undefined &&
      (state.waiting !== undefined ||
        state.site.step !== undefined ||
        Object.values(state.apps).some(({ placed }) => placed.step)),
  );

function wordsOf({ app, step, together, wait }: WaitingChange): string {
  const where = step ? `step ${step.step} of ${step.of}` : 'the step of another app';
  const when = Number.isFinite(wait)
    ? `it begins in ${durationText(wait)}, once Git has answered again`
    : 'it begins when a promotion opens the step';
  return `the change of ${app} waits for ${where}: ${when}${together.length > 0 ? `, together with ${together.join(', ')}` : ''}`;
}
