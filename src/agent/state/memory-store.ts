import { createHash } from 'node:crypto';
import type { Disk } from '../../lib/disk.ts';
import { messageOf } from '../../lib/errors.ts';
import { type Backoff, emptyMemory, type Memory, type OwedHooks } from '../../model/memory.ts';
import type { Hook } from '../../model/spec.ts';
import { delay } from '../../plan/memory/learn.ts';

/** Memory on the disk. Monotonic times mean nothing after a restart, so they are not written: a backoff begins anew at its step. */
export interface MemoryStore {
  load(now: number, random: () => number): Promise<{ memory: Memory; problem?: string }>;
  /** Writes nothing when nothing that is stored changed. */
  save(memory: Memory): Promise<void>;
}

const FORMAT = 1;

export function createMemoryStore(disk: Disk, path: string): MemoryStore {
  let stored: string | undefined;

  return {
    async load(now, random) {
      const content = await disk.read(path);
      if (!content) return { memory: emptyMemory() };
      const text = Buffer.from(content).toString('utf8');
      const parsed = parse(text);
      if (!parsed) {
        // A disk that is full or failing is no reason to mend nothing.
        const aside = await disk.write(`${path}.corrupt`, content, 0o600).then(
          () => `was set aside as ${path}.corrupt`,
          (error) => `cannot be set aside: ${messageOf(error)}`,
        );
        return { memory: emptyMemory(), problem: `${path} is damaged and ${aside}` };
      }
      stored = text;
      const backoffs = Object.fromEntries(
        Object.entries(parsed.backoffs).map(([key, backoff]) => [
          key,
          { ...backoff, until: now + delay(key, backoff.failures, random) },
        ]),
      );
      const rollouts = Object.fromEntries(
        Object.entries(parsed.rollouts).map(([key, rollout]) => [key, { ...rollout, until: now + rollout.pauseMs }]),
      );
      return { memory: { ...parsed, backoffs, rollouts } };
    },

    async save(memory) {
      const text = serialize(memory);
      if (text === stored) return;
      await disk.write(path, text, 0o600);
      stored = text;
    },
  };
}

function serialize(memory: Memory): string {
  const backoffs = Object.fromEntries(
    Object.entries(memory.backoffs).map(([key, { goal, failures, error }]) => [key, { goal, failures, error }]),
  );
  const rollouts = Object.fromEntries(
    Object.entries(memory.rollouts).map(([key, { goal, pauseMs }]) => [key, { goal, pauseMs }]),
  );
  const body = { ...memory, backoffs, rollouts };
  return `${JSON.stringify({ format: FORMAT, checksum: checksumOf(body), ...body }, null, 1)}\n`;
}

/** A flipped bit inside a text is still JSON: it would run a finished job again, or leave a file behind that Git dropped. */
const checksumOf = (body: object): string => createHash('sha256').update(JSON.stringify(body)).digest('hex');

/** undefined for anything that is not what `serialize` wrote. */
function parse(text: string): Memory | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isRecord(value)) return undefined;
  const { format, checksum, ...body } = value;
  if (format !== FORMAT || checksum !== checksumOf(body)) return undefined;
  // Older ones know of no hooks and of nothing adopted.
  const { completed, applied, backoffs, pulled, files, adopted = {}, owed = {}, preStop = {}, rollouts = {} } = value;
  if (!isTexts(completed) || !isTexts(applied) || !isTexts(pulled) || !isRecord(backoffs) || !isRecord(files))
    return undefined;
  if (!isRecord(owed) || !Object.values(owed).every(isOwed)) return undefined;
  if (!isRecord(rollouts) || !Object.values(rollouts).every(isRollout)) return undefined;
  if (!isRecord(preStop) || !Object.values(preStop).every(isHooks)) return undefined;
  if (!Object.values(backoffs).every(isStoredBackoff) || !Object.values(files).every(isTexts)) return undefined;
  if (!isRecord(adopted) || !Object.values(adopted).every(isDigests)) return undefined;
  return {
    completed,
    applied,
    pulled,
    backoffs: backoffs as Memory['backoffs'],
    owed: owed as Memory['owed'],
    rollouts: rollouts as Memory['rollouts'],
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

const isOwed = (value: unknown): value is OwedHooks =>
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

const isDigests = (value: unknown): boolean =>
  isRecord(value) &&
  Object.values(value).every((each) => isTexts(each) && 'filesDigest' in each && 'contentDigest' in each);
