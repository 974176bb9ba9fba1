import { InputError, type Position } from '../../lib/errors.ts';
import { APP_LIMITS, inWords, type SizeLimits } from '../../lib/limits.ts';

export type Size = { -readonly [Limit in keyof SizeLimits]: number };

/** The limits in words: `more than …`. */
export const SIZE_IN_WORDS: Record<keyof SizeLimits, (most: number) => string> = {
  containers: (most) => `more than ${most} containers`,
  ports: (most) => `more than ${most} container ports, counting every replica`,
  connections: (most) => `more than ${most} pairs of containers where one waits for the other or is linked to it`,
  settings: (most) => `more than ${inWords(most)} of container settings, counting every replica`,
  files: (most) => `more than ${inWords(most)} of files from Git`,
};

/** The size of an app. It is counted before each part is built, because small files can ask for more than the memory. */
export class AppSize {
  readonly size: Size = { containers: 0, ports: 0, connections: 0, settings: 0, files: 0 };

  /** Adds to the size. Throws InputError at the position that exceeds a limit. */
  add(limit: keyof SizeLimits, amount: number, at: Position): void {
    this.size[limit] += amount;
    const most = APP_LIMITS[limit];
    if (this.size[limit] > most) throw InputError.at(at, `with this the app has ${SIZE_IN_WORDS[limit](most)}`);
  }
}

/** An estimate of the bytes of memory for a value. Shared parts count each time. */
export function memoryOf(value: unknown): number {
  if (typeof value === 'string') return 32 + value.length;
  if (typeof value !== 'object' || value === null) return 8;
  if (value instanceof Uint8Array) return 64 + value.byteLength;
  let bytes = 32;
  if (Array.isArray(value)) {
    for (const item of value) bytes += 8 + memoryOf(item);
    return bytes;
  }
  for (const [key, item] of Object.entries(value)) bytes += 32 + key.length + memoryOf(item);
  return bytes;
}
