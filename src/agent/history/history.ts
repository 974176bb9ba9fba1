import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import { shortRevision } from '../../lib/text/revision.ts';
import type { HistoryEntry, SiteHistory } from '../../model/status/history.ts';
import { pinText } from '../follow/pin.ts';
import { createMemoryWriter } from '../reconcile/memory-writer.ts';
import type { Accepted } from '../state/accepted.ts';
import type { PlannedStatus } from '../status/app-status.ts';
import { withEntry } from './entries.ts';
import type { HistoryStore, StoredHistory } from './history-store.ts';
import { createLastingStates, PATIENCE_MS } from './lasting-states.ts';

/** Milliseconds for which entries are gathered before they are written: a power cut loses no more. */
export const SAVE_MS = 5_000;

/** The events of a site, bounded, on its disk. It writes only when there is something to add. */
export interface History {
  accepted(state: Accepted): void;
  /** A newer commit is refused; undefined: none is. */
  refused(text: string | undefined): void;
  /** The apps as they are now. */
  saw(apps: readonly PlannedStatus[]): void;
  healed(app: string, revision: string | undefined, text: string): void;
  /** An operation failed. Only the first failure of a row is an entry. */
  failed(app: string, revision: string | undefined, operation: string, error: string): void;
  /** The operation was done: its row has ended. */
  done(app: string, operation: string): void;
  now(): SiteHistory;
  /** Writes what is not yet written, and nothing after that. */
  stop(): Promise<void>;
}

export interface HistoryParts {
  clock: Clock;
  log: Log;
  site: string;
  store: HistoryStore;
  stored: StoredHistory;
  /** The stored history could not be read: the file is written again, so that this is told once. */
  isLost: boolean;
  /** The state that was accepted in an earlier life: it is no news, also where the history is lost. */
  before: Accepted | undefined;
}

export function createHistory({ clock, log, site, store, stored, isLost, before }: HistoryParts): History {
  const wall = (): string => clock.wall().toISOString();
  const failing = new Map<string, Set<string>>();
  let { entries, refused } = stored;
  let accepted = stored.accepted || (before ? keyOf(before) : '');
  let cancelSave: (() => void) | undefined;

  const content = (): StoredHistory => ({ entries, accepted, refused, states: states.told() });
  // The memory lies in the same folder, and its writer tells the trouble with it.
  const writer = createMemoryWriter(store, content, (trouble) => trouble && log.debug(`history: ${trouble}`));
  const saveSoon = (): void => {
    cancelSave ??= clock.timer(SAVE_MS, () => {
      cancelSave = undefined;
      void writer.save();
    });
  };
  const add = (entry: HistoryEntry, late?: number): void => {
    entries = withEntry(entries, entry, late);
    saveSoon();
  };
  const states = createLastingStates(clock, stored.states, (entry) => add({ kind: 'state', ...entry }, PATIENCE_MS));

  if (isLost) saveSoon();

  return {
    accepted(state) {
      const key = keyOf(state);
      if (key === accepted) return;
      accepted = key;
      const { commit, pin } = state;
      const text = `accepted ${shortRevision(commit)}${pinText(pin)}`;
      add({ at: wall(), kind: 'accepted', revision: commit, text });
    },
    refused(text = '') {
      if (text === refused) return;
      refused = text;
      if (text === '') saveSoon();
      else add({ at: wall(), kind: 'refused', text });
    },
    saw(apps) {
      states.saw(apps);
      for (const { app, sync } of apps) if (sync === 'synced') failing.delete(app);
      for (const app of failing.keys()) if (!apps.some((each) => each.app === app)) failing.delete(app);
    },
    healed(app, revision, text) {
      add({ at: wall(), kind: 'healed', app, revision, text });
    },
    failed(app, revision, operation, error) {
      const row = failing.get(app) ?? new Set();
      failing.set(app, row);
      if (row.has(operation)) return;
      row.add(operation);
      add({ at: wall(), kind: 'failed', app, revision, text: `${operation}: ${error}` });
    },
    done(app, operation) {
      failing.get(app)?.delete(operation);
    },
    now: () => ({ site, asOf: wall(), entries }),
    async stop() {
      states.stop();
      const isUnwritten = cancelSave !== undefined;
      cancelSave?.();
      if (isUnwritten) await writer.save();
      await writer.close();
    },
  };
}

const keyOf = ({ commit, pin }: Accepted): string => `${commit} ${pin?.commit ?? ''}`.trim();
