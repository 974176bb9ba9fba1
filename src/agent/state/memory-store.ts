import type { Disk } from '../../lib/disk.ts';
import { messageOf } from '../../lib/errors.ts';
import { type Backoff, emptyMemory, type Memory, type PendingHooks, type Replacements } from '../../model/memory.ts';
import type { Hook } from '../../model/spec.ts';
import { readRetryKey } from '../../model/subject.ts';
import { replacementPause } from '../../plan/decide/slot/replacement-loop.ts';
import { delay } from '../../plan/memory/backoffs.ts';
import { seal, unseal } from './state-file.ts';

/** Memory as it is on the disk. Monotonic times mean nothing after a restart, so they are left out. */
export type StoredMemory = Omit<Memory, 'backoffs' | 'replacements' | 'rollouts'> & {
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
  const replacements = Object.entries(stored.replacements).map(
    ([key, each]) => [key, { ...each, until: now + replacementPause(each.count) * (1 + random() / 5) }] as const,
  );
  const rollouts = Object.entries(stored.rollouts).map(
    ([key, rollout]) => [key, { ...rollout, until: now + rollout.pauseMs }] as const,
  );
  return {
    ...stored,
    backoffs: Object.fromEntries(backoffs),
    replacements: Object.fromEntries(replacements),
    rollouts: Object.fromEntries(rollouts),
  };
}

function storedPart(memory: Memory): StoredMemory {
  const backoffs = Object.entries(memory.backoffs).map(
    ([key, { goal, failures, error }]) => [key, { goal, failures, error }] as const,
  );
  const replacements = Object.entries(memory.replacements).map(
    ([key, { goal, count }]) => [key, { goal, count }] as const,
  );
  const rollouts = Object.entries(memory.rollouts).map(([key, { goal, pauseMs }]) => [key, { goal, pauseMs }] as const);
  return {
    ...memory,
    backoffs: Object.fromEntries(backoffs),
    replacements: Object.fromEntries(replacements),
    rollouts: Object.fromEntries(rollouts),
  };
}

/**
 * undefined for anything that is not what `save` wrote. Facts that this version does not know are left out. Throws StateError for the file of a newer
 * Holdfast.
 */
export function parseMemory(path: string, text: string): StoredMemory | undefined {
  const value = unseal(path, text, VERSION);
  if (!isRecord(value)) return undefined;
  const { completed, applied, backoffs, replacements, pulled, files, adopted, pendingHooks, preStop, rollouts } = value;
  if (!isTexts(completed) || !isTexts(applied) || !isTexts(pulled) || !isRecord(backoffs) || !isRecord(files))
    return undefined;
  if (!isRecord(pendingHooks) || !Object.values(pendingHooks).every(isPendingHooks)) return undefined;
  if (!isRecord(replacements) || !Object.values(replacements).every(isStoredReplacement)) return undefined;
  if (!isRecord(rollouts) || !Object.values(rollouts).every(isRollout)) return undefined;
  if (!isRecord(preStop) || !Object.values(preStop).every(isHooks)) return undefined;
  if (!Object.values(backoffs).every(isStoredBackoff) || !Object.values(files).every(isTexts)) return undefined;
  if (!isRecord(adopted) || !Object.values(adopted).every(isDigests)) return undefined;
  return {
    completed,
    applied,
    pulled,
    backoffs: backoffs as StoredMemory['backoffs'],
    replacements: replacements as StoredMemory['replacements'],
    pendingHooks: pendingHooks as Memory['pendingHooks'],
    rollouts: rollouts as StoredMemory['rollouts'],
    preStop: preStop as Memory['preStop'],
    files: files as Memory['files'],
    adopted: adopted as Memory['adopted'],
  };
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isTexts = (value: unknown): value is Record<string, string> =>
  isRecord(value) && Object.values(value).every((each) => typeof each === 'string');

const isTextList = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((each) => typeof each === 'string');

const isPendingHooks = (value: unknown): value is PendingHooks =>
  isRecord(value) && isTextList(value.before) && Number.isSafeInteger(value.done);

const isRollout = (value: unknown): boolean =>
  isRecord(value) && typeof value.goal === 'string' && Number.isSafeInteger(value.pauseMs);

const isHooks = (value: unknown): value is Hook[] =>
  Array.isArray(value) && value.every((each) => isRecord(each) && isTextList(each.command));

const isStoredBackoff = (value: unknown): value is Pick<Backoff, 'goal' | 'failures' | 'error'> =>
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
