import type { Clock } from '../../lib/clock.ts';
import type { HistoryEntry } from '../../model/status/history.ts';
import { createAlarm } from '../reconcile/alarm.ts';
import type { PlannedStatus } from '../status/app-status.ts';

/** Milliseconds for which a part of the state of an app has to be the same before it is told. */
export const LASTING_MS = 60_000;
/** Milliseconds after which a change of one axis is told, even if another axis goes on changing. Until then they are told together. */
export const PATIENCE_MS = 3 * LASTING_MS;

const AXES = ['sync', 'health', 'operation'] as const;
type Axis = (typeof AXES)[number];

/** The value of an axis, since when by the wall clock, and since when by the monotonic one. */
interface Lasting {
  value: string;
  at: string;
  since: number;
}

interface Seen {
  status: PlannedStatus;
  axes: Record<Axis, Lasting>;
}

type StateEntry = Omit<HistoryEntry, 'kind'>;

/** Tells the changes of apps that last. Each axis lasts by itself: of a crash loop, whose operations come and go, the health is told. */
export interface LastingStates {
  saw(apps: readonly PlannedStatus[]): void;
  /** The states that were told last, by app. */
  told(): [app: string, state: string][];
  stop(): void;
}

export function createLastingStates(
  clock: Clock,
  before: readonly (readonly [string, string])[],
  tell: (entry: StateEntry) => void,
): LastingStates {
  const told = new Map(before);
  const seen = new Map<string, Seen>();
  const alarm = createAlarm(clock, tellLasting);

  function tellLasting(): void {
    const now = clock.monotonic();
    for (const [app, { status, axes }] of seen) {
      const last = readState(told.get(app));
      const changed = AXES.filter((axis) => axes[axis].value !== last[axis]);
      if (changed.length === 0) continue;
      const times = changed.map((axis) => axes[axis].since);
      const due = Math.min(Math.max(...times) + LASTING_MS, Math.min(...times) + PATIENCE_MS);
      if (now < due) {
        alarm.at(due);
        continue;
      }
      // As `due` is computed, so that rounding leaves at least the axis that is due.
      const lasting = changed.filter((axis) => axes[axis].since + LASTING_MS <= now);
      for (const axis of lasting) last[axis] = axes[axis].value;
      told.set(app, AXES.map((axis) => last[axis]).join(' '));
      const newest = lasting.map((axis) => axes[axis]).reduce((a, b) => (a.since > b.since ? a : b));
      const { revision, problems } = status;
      tell({ at: newest.at, app, revision: revision || undefined, text: textOf(last, problems[0]) });
    }
  }

  return {
    saw(apps) {
      const [at, since] = [clock.wall().toISOString(), clock.monotonic()];
      for (const status of apps) {
        const before = seen.get(status.app)?.axes;
        const lastingOf = (axis: Axis): Lasting => {
          const value = axis === 'operation' && isPassing(status) ? (before?.[axis].value ?? 'none') : status[axis];
          return before?.[axis].value === value ? before[axis] : { value, at, since };
        };
        const axes = { sync: lastingOf('sync'), health: lastingOf('health'), operation: lastingOf('operation') };
        seen.set(status.app, { status, axes });
      }
      const here = new Set(apps.map(({ app }) => app));
      for (const app of seen.keys()) if (!here.has(app)) seen.delete(app);
      for (const app of told.keys()) {
        if (here.has(app)) continue;
        told.delete(app);
        tell({ at, app, text: 'gone, as Git no longer names it' });
      }
      tellLasting();
    },
    told: () => [...told],
    stop: () => alarm.stop(),
  };
}

/** The agent is on its way from one state to the next: in a row that fails, each attempt is due for a moment, and then runs for one. */
const isPassing = ({ operation, sync, problems }: PlannedStatus): boolean =>
  operation === 'running' || (operation === 'none' && sync === 'outOfSync' && problems.length === 0);

/** The state that was told, by axis. An app that nobody has seen is unknown. */
function readState(state = 'unknown unknown none'): Record<Axis, string> {
  const [sync = '', health = '', operation = ''] = state.split(' ');
  return { sync, health, operation };
}

function textOf({ sync, health, operation }: Record<Axis, string>, problem: string | undefined): string {
  const words = [
    sync === 'outOfSync' ? 'out of sync' : sync,
    health,
    ...(operation === 'none' ? [] : [`operation ${operation}`]),
  ];
  return `${words.join(', ')}${problem === undefined ? '' : `: ${problem}`}`;
}
