import type { HistoryEntry } from '../../model/status/history.ts';

/** The bounds of a history. */
export const MOST_ENTRIES = 500;
export const MOST_BYTES = 256 * 1024;
/** Characters of one text. */
const MOST_TEXT = 1000;

/**
 * The entries with one more, the newest last. An event that happens again and again is one entry that counts. Beyond the bounds the app with the most entries loses its
 * oldest one: so an app that flaps pushes only its own past out. `late`: milliseconds by which an entry may come after younger ones.
 */
export function withEntry(entries: readonly HistoryEntry[], entry: HistoryEntry, late = 0): HistoryEntry[] {
  const added = { ...entry, text: shortened(entry.text) };
  const index = entries.findLastIndex(({ app }) => app === added.app);
  const before = entries[index];
  if (before && before.kind === added.kind && before.text === added.text && before.revision === added.revision) {
    const again = { ...before, times: (before.times ?? 1) + 1, lastAt: added.at };
    return [...entries.slice(0, index), ...entries.slice(index + 1), again];
  }
  let place = entries.length;
  while (isYounger(entries[place - 1], added, late)) place -= 1;
  return bounded([...entries.slice(0, place), added, ...entries.slice(place)]);
}

/** By so little that it is not the clock that was set back. */
function isYounger(entry: HistoryEntry | undefined, { at }: HistoryEntry, late: number): boolean {
  const by = entry ? Date.parse(entry.lastAt ?? entry.at) - Date.parse(at) : 0;
  return by > 0 && by <= late;
}

function bounded(entries: HistoryEntry[]): HistoryEntry[] {
  let bytes = entries.reduce((sum, entry) => sum + bytesOf(entry), 0);
  const left = [...entries];
  while (left.length > MOST_ENTRIES || bytes > MOST_BYTES) {
    const [gone] = left.splice(oldestOfMost(left), 1);
    if (gone) bytes -= bytesOf(gone);
  }
  return left;
}

const bytesOf = (entry: HistoryEntry): number => Buffer.byteLength(JSON.stringify(entry)) + 1;

/** The index of the oldest entry of the app that has the most. */
function oldestOfMost(entries: readonly HistoryEntry[]): number {
  const counts = new Map<string | undefined, number>();
  for (const { app } of entries) counts.set(app, (counts.get(app) ?? 0) + 1);
  const most = Math.max(...counts.values());
  return entries.findIndex(({ app }) => counts.get(app) === most);
}

/** Cut between characters, not within one. */
const shortened = (text: string): string =>
  text.length <= MOST_TEXT ? text : `${text.slice(0, MOST_TEXT).replace(/[\ud800-\udbff]$/, '')}…`;
