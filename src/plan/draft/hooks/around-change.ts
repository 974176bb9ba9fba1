import type { Operation, PlanProblem } from '../../../model/plan.ts';
import { retryKey, serviceKey } from '../../../model/subject.ts';
import type { Known } from '../../decide/decision.ts';
import { type ChangeHooks, cannotRun } from '../../decide/hooks/decide-change.ts';
import type { AppDraft } from '../app-draft.ts';
import { pullOf } from '../queries.ts';
import { draftPull } from '../resources.ts';
import { KEPT } from '../withhold.ts';
import { draftHooks, tidyRuns } from './draft-hooks.ts';

/** The hooks of a change: PreSync before all of it, PostSync after all of it, SyncFail when it fails. */

/** An operation that failed this often in a row lets the change of its app count as failed. */
const FAILED_OFTEN = 3;

/** Drafts the PreSync hooks, after the images of the whole change. Returns the waits for their ends. */
export function draftPreSync(app: AppDraft, { preSync, postSync, syncFail }: ChangeHooks): number[] {
  const { draft } = app;
  for (const decision of [...preSync, ...postSync, ...syncFail]) {
    for (const need of decision.kind === 'run' ? decision.needs : [])
      if (need.kind === 'pull' && pullOf(draft, need.pull.image, need.pull.platform) === undefined)
        draftPull(draft, need.pull);
  }
  const pulls = draft.all().flatMap(({ kind, id }) => (kind === 'pullImage' ? [id] : []));
  return draftHooks(app, preSync, pulls);
}

/** Orders all of the change after the PreSync hooks. They themselves, and all that they need, come first. */
export function orderAfterHooks({ draft }: AppDraft, { preSync }: ChangeHooks, ends: readonly number[]): void {
  const blocked = preSync.find((each) => each.kind === 'blocked');
  for (const operation of draft.all()) {
    if (!operation.awaitsHooks || operation.onlyIfFailed !== undefined) continue;
    if (blocked) draft.withhold(operation.id, cannotRun(blocked));
    for (const end of ends) draft.order(end, operation.id);
  }
}

/** Drafts the hooks that come after the change, or after its failure. Returns the problems of all hooks. */
export function draftLaterHooks(app: AppDraft, known: Known, hooks: ChangeHooks): PlanProblem[] {
  const { preSync, postSync } = hooks;
  const runs = postSync.some(({ kind }) => kind === 'run');
  draftHooks(app, postSync, runs ? [...lastOnes(app), ...steadyOnes(app, known)] : []);
  const failure = failureOf(app);
  const syncFail = hooks.syncFail.filter(({ kind }) => failure !== undefined || kind === 'follow');
  draftHooks(app, syncFail, [], failure && `, since ${failure}`);
  const decisions = [...preSync, ...postSync, ...syncFail];
  tidyRuns(app, decisions);
  return decisions.flatMap((each) => (each.kind === 'blocked' ? each.problems : []));
}

/** Waits for the containers that this plan makes or starts. */
const steadyOnes = (app: AppDraft, { services }: Known): number[] =>
  [...services].flatMap(([name, { decisions }]) =>
    (app.services.get(name) ?? []).flatMap(({ number, ref, started }) => {
      const decision = decisions.find(({ slot }) => slot.id.number === number);
      if (!decision || decision.kind === 'keep') return [];
      const { subject, cause } = decision.change;
      const wait = { subject, cause, service: name, container: ref, after: started } as const;
      return [
        app.draft.add({ kind: 'await', condition: 'steady', reason: 'only then the PostSync hooks run', ...wait }),
      ];
    }),
  );

/** The operations of the change that no other one comes after. Containers that no policy prunes are no part of it. */
function lastOnes({ draft }: AppDraft): number[] {
  const isKept = ({ withheld }: Operation): boolean => withheld !== undefined && KEPT.includes(withheld.by);
  const all = draft
    .all()
    .filter(({ onlyIfFailed, id }) => onlyIfFailed === undefined && ![draft.get(id), ...draft.behind(id)].some(isKept));
  const followed = new Set(all.flatMap(({ after }) => after));
  return all.flatMap(({ id }) => (followed.has(id) ? [] : [id]));
}

/** The failure that lets SyncFail hooks run; undefined: the change has not failed. */
function failureOf({ facts, draft }: AppDraft): string | undefined {
  const { desired, change, memory } = facts;
  if (!change.isOpen) return undefined;
  const failed = (desired.syncHooks ?? []).find(
    ({ phase, service }) => phase !== 'SyncFail' && Object.hasOwn(change.failed, service.name),
  );
  if (failed) return `the ${failed.phase} hook ${failed.service.name} failed`;
  for (const { kind, subject, retry, syncHook, service } of draft.all()) {
    // A registry that does not answer is no failure: a link that is down comes back.
    if (!retry || syncHook || kind === 'pullImage') continue;
    const backoff = memory.backoffs[retryKey(subject, retry.purpose)];
    if (backoff?.goal === retry.goal && backoff.failures >= FAILED_OFTEN && backoff.error !== '')
      return `${service ? serviceKey({ app: desired.name, service }) : desired.name} failed ${backoff.failures} times`;
  }
  return undefined;
}
