import { own } from '../../../lib/maps/own.ts';
import { VERSION } from '../../../lib/version.ts';
import type { HookPhase } from '../../../model/app/hook-phase.ts';
import type { AppChanges, ChangeMark, Memory } from '../../../model/memory.ts';
import type { ActualContainer, ActualSite, DesiredApp, SyncHook } from '../../../model/state.ts';
import { slotKey } from '../../../model/subject.ts';
import { claimantsOf, slotsIn } from '../../facts/containers.ts';
import { changeDigest, goalOf } from '../../facts/goals.ts';
import { ownedFields } from '../../facts/owned-fields.ts';
import { assess } from '../slot/assess.ts';

/** The change that Git asks of an app, and the hooks of it that have yet to run. */
export interface AppChange {
  /** The digest by which the runs of its hooks are known. */
  digest: string;
  /** It has not been done, hooks included. */
  isOpen: boolean;
  /** The hooks that have not completed for it, by phase. */
  left: Record<HookPhase, SyncHook[]>;
  /** Runs that have its digest are runs for it. They are not where the memory knows that another change came between. */
  countsRuns: boolean;
  /** Containers of failed runs that were told, by hook. */
  failed: Readonly<Record<string, string>>;
}

/**
 * The memory tells which change was done last. Without a memory, as on a laptop or after a lost state folder, the containers tell: an app that runs just as
 * Git says has no change to begin, and the runs of hooks have the digest of their change as a label.
 */
export function changeOf(app: DesiredApp, actual: ActualSite, memory: Memory): AppChange {
  const known = own(memory.changes, app.name);
  const { made, hooks: begun } = marksFor(app, known);
  const digest = begun?.digest ?? changeDigest(app);
  const countsRuns = begun !== undefined || !known;
  const done = (isOpen: boolean, left: AppChange['left'] = noHooks()): AppChange => ({
    digest,
    isOpen,
    left,
    countsRuns,
    failed: begun?.failed ?? {},
  });
  if (made || !app.syncHooks) return done(!made);

  const runs = countsRuns ? hookRuns(app, actual).filter(({ syncHook }) => syncHook?.change === digest) : [];
  if (!known && runs.length === 0 && runsAsWanted(app, actual, memory)) return done(false);
  const hasRun = ({ service: { name } }: SyncHook): boolean =>
    begun ? begun.done.includes(name) : runs.some((each) => each.identity.service === name && hasSucceeded(each));
  const left = noHooks();
  for (const hook of app.syncHooks) if (!hasRun(hook)) left[hook.phase].push(hook);
  const isOver = !known && left.PreSync.length + left.PostSync.length === 0 && runsAsWanted(app, actual, memory);
  return done(!isOver, isOver ? noHooks() : left);
}

const noHooks = (): AppChange['left'] => ({ PreSync: [], PostSync: [], SyncFail: [] });

/** The marks of the memory that are about the change that Git asks of an app. */
export const marksFor = (app: DesiredApp, known: AppChanges | undefined): AppChanges => ({
  ...(known?.made && isAbout(known.made, app) && { made: known.made }),
  ...(known?.hooks && isAbout(known.hooks, app) && { hooks: known.hooks }),
});

/** The same digest, or the same revision as another version of Holdfast put it: an update of the agent is no change. */
const isAbout = ({ digest, revision, program }: ChangeMark, app: DesiredApp): boolean =>
  digest === changeDigest(app) || (program !== VERSION && revision === app.revision);

export const markOf = (app: DesiredApp): ChangeMark => ({
  digest: changeDigest(app),
  revision: app.revision,
  program: VERSION,
});

/** The runs of an app's hooks that are still here. */
export const hookRuns = (
  { name }: Pick<DesiredApp, 'name'>,
  { containers }: Pick<ActualSite, 'containers'>,
): ActualContainer[] => containers.filter(({ identity, syncHook }) => syncHook && identity.app === name);

/** A run of a hook ended well. */
const hasSucceeded = ({ status, exitCode, oomKilled, endedParked }: ActualContainer): boolean =>
  status === 'exited' && exitCode === 0 && !oomKilled && !endedParked;

/** Each slot has a container as Git wants it, or has done its work. */
const runsAsWanted = (app: DesiredApp, actual: ActualSite, memory: Memory): boolean =>
  slotsIn(app).length > 0 &&
  slotsIn(app).every(({ id, service, wanted }) => {
    if (own(memory.completed, slotKey(id)) === goalOf(wanted)) return true;
    const owned = ownedFields(app, service.name);
    return claimantsOf(actual.containers, id).some(
      (found) => found.status !== 'created' && assess(wanted, found, actual, new Set(), owned).replace.length === 0,
    );
  });
