import type { Disk } from '../../lib/disk.ts';
import { messageOf } from '../../lib/errors.ts';
import { mapValues } from '../../lib/maps/map-values.ts';
import { type Backoff, emptyMemory, type Memory, type Replacements } from '../../model/memory.ts';
import { readRetryKey } from '../../model/subject.ts';
import { replacementPause } from '../../plan/decide/slot/replacement-loop.ts';
import { delay } from '../../plan/memory/backoffs.ts';
import { seal, unseal } from './state-file.ts';

/** Memory as it is on the disk. Monotonic times mean nothing after a restart, so they are left out. */
export type StoredMemory = Omit<Memory, 'backoffs' | 'replacements' | 'rollouts' | 'hookRuns'> & {
  backoffs: Record<string, Omit<Backoff, 'until' | 'wellSince'>>;
  replacements: Record<string, Omit<Replacements, 'until'>>;
  rollouts: Record<string, Omit<Memory['rollouts'][string], 'until'>>;
};

export interface MemoryStore {
  /** Sets a damaged file aside and tells so in `problem`. Throws StateError for the file of a newer Holdfast. */
  read(): Promise<{ stored: StoredMemory; problem?: string }>;
  /** Writes nothing when nothing that is stored changed. */
  save(memory: Memory): Promise<void>;
}

const VERSION = 1;

export function createMemoryStore(disk: Disk, path: string): MemoryStore {
  let last: string | undefined;

  return {
    async read() {
      const content = await disk.read(path);
      if (!content) return { stored: emptyMemory() };
      const text = Buffer.from(content).toString('utf8');
      const stored = parseMemory(path, text);
      if (stored) {
        last = text;
        return { stored };
      }
      // A disk that is full or failing is no reason to repair nothing.
      const aside = await disk.write(`${path}.corrupt`, content, 0o600).then(
        () => `was set aside as ${path}.corrupt`,
        (error) => `cannot be set aside: ${messageOf(error)}`,
      );
      return { stored: emptyMemory(), problem: `${path} is damaged and ${aside}` };
    },

    async save(memory) {
      const text = seal(VERSION, storedPart(memory));
      if (text === last) return;
      await disk.write(path, text, 0o600);
      last = text;
    },
  };
}

/** The memory of a new life: each backoff and each pause of a rollout begins again at the step it had reached. */
export function rebase(stored: StoredMemory, now: number, random: () => number): Memory {
  const backoffs = Object.entries(stored.backoffs).flatMap(([key, backoff]) => {
    const kind = readRetryKey(key)?.subject.kind;
    return kind ? [[key, { ...backoff, until: now + delay(kind, backoff.failures, random) }] as const] : [];
  });
  return {
    ...stored,
    hookRuns: {},
    backoffs: Object.fromEntries(backoffs),
    replacements: mapValues(stored.replacements, (each) => ({
      ...each,
      until: now + replacementPause(each.count) * (1 + random() / 5),
    })),
    rollouts: mapValues(stored.rollouts, (rollout) => ({ ...rollout, until: now + rollout.pauseMs })),
  };
}

const storedPart = ({ hookRuns: _, ...memory }: Memory): StoredMemory => ({
  ...memory,
  backoffs: mapValues(memory.backoffs, ({ goal, failures, error }) => ({ goal, failures, error })),
  replacements: mapValues(memory.replacements, ({ goal, count }) => ({ goal, count })),
  rollouts: mapValues(memory.rollouts, ({ goal, pauseMs }) => ({ goal, pauseMs })),
});

/**
 * undefined for anything that is not what `save` wrote. Facts that this version does not know are left out. Throws StateError for the file of a newer
 * Holdfast.
 */
export function parseMemory(path: string, text: string): StoredMemory | undefined {
  const value = unseal(path, text, VERSION);
  if (!isRecord(value)) return undefined;
  const facts: Record<string, unknown> = { ...NEW_FACTS, ...value };
  const names = Object.keys(FACTS) as (keyof StoredMemory)[];
  if (!names.every((name) => FACTS[name](facts[name]))) return undefined;
  return Object.fromEntries(names.map((name) => [name, facts[name]])) as unknown as StoredMemory;
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isTexts = (value: unknown): value is Record<string, string> =>
  isRecord(value) && Object.values(value).every((each) => typeof each === 'string');

const isTextList = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((each) => typeof each === 'string');

const isPendingHooks = (value: unknown): boolean =>
  isRecord(value) && isTextList(value.before) && Number.isSafeInteger(value.done);

const isRollout = (value: unknown): boolean =>
  isRecord(value) && typeof value.goal === 'string' && Number.isSafeInteger(value.pauseMs);

const isHooks = (value: unknown): boolean =>
  Array.isArray(value) && value.every((each) => isRecord(each) && isTextList(each.command));

const isStoredBackoff = (value: unknown): boolean =>
  isRecord(value) &&
  typeof value.goal === 'string' &&
  Number.isSafeInteger(value.failures) &&
  (value.failures as number) > 0 &&
  typeof value.error === 'string';

const isStoredReplacement = (value: unknown): boolean =>
  isRecord(value) && typeof value.goal === 'string' && Number.isSafeInteger(value.count) && (value.count as number) > 0;

const isDigests = (value: unknown): boolean =>
  isRecord(value) &&
  Object.values(value).every((each) => isTexts(each) && 'filesDigest' in each && 'contentDigest' in each);

const isMark = (value: unknown): value is Record<string, unknown> =>
  isRecord(value) && [value.digest, value.revision, value.program].every((each) => typeof each === 'string');

const isAppChanges = (value: unknown): boolean =>
  isRecord(value) &&
  (value.made === undefined || isMark(value.made)) &&
  (value.hooks === undefined || (isMark(value.hooks) && isTextList(value.hooks.done) && isTexts(value.hooks.failed)));

const recordOf =
  (isSound: (value: unknown) => boolean) =>
  (value: unknown): boolean =>
    isRecord(value) && Object.values(value).every(isSound);

/** Facts that files of 0.1.0 do not have. */
const NEW_FACTS: Pick<StoredMemory, 'settled' | 'begun' | 'changes' | 'dependsOn' | 'parked'> = {
  settled: {},
  begun: {},
  changes: {},
  dependsOn: {},
  parked: {},
};

/** The facts in the file, and how each is known to be sound. */
const FACTS: { [Name in keyof StoredMemory]: (value: unknown) => boolean } = {
  completed: isTexts,
  applied: isTexts,
  settled: isTexts,
  begun: isTexts,
  changes: recordOf(isAppChanges),
  pulled: isTexts,
  backoffs: recordOf(isStoredBackoff),
  replacements: recordOf(isStoredReplacement),
  pendingHooks: recordOf(isPendingHooks),
  rollouts: recordOf(isRollout),
  preStop: recordOf(isHooks),
  dependsOn: recordOf(isTextList),
  parked: isTexts,
  files: recordOf(isTexts),
  adopted: recordOf(isDigests),
};
