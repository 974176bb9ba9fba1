import type { Clock } from '../../lib/clock.ts';
import { overLimit, type StoreLimits } from '../store-limits.ts';

const DAY = 24 * 3_600_000;

/**
 * Limits per day the bytes that are fetched again because they were damaged or lost. Each call begins one such fetch and gives a function that counts its bytes;
 * both throw SourceError `limit`.
 */
export function healBudget(limits: StoreLimits, clock: Clock): () => (bytes: number) => void {
  let healed: { at: number; bytes: number }[] = [];
  return () => {
    const now = clock.monotonic();
    healed = healed.filter(({ at }) => now - at < DAY);
    const before = healed.reduce((sum, { bytes }) => sum + bytes, 0);
    if (before >= limits.healBytes) throw overLimit('healBytes', limits);
    const entry = { at: now, bytes: 0 };
    healed.push(entry);
    return (bytes) => {
      entry.bytes += bytes;
      if (before + entry.bytes > limits.healBytes) throw overLimit('healBytes', limits);
    };
  };
}
