/** From this many bytes on, one that is not needed any more weighs more than the time to find it. */
const LARGE = 4 * 1024 * 1024;

/**
 * Before something of that many bytes is made: what was made before and is not needed any more goes first. V8 waits with that until several are
 * left behind. Only a process that was started for it can be told to (pack-process.ts).
 */
export function makeRoom(bytes: number): void {
  if (bytes >= LARGE) (globalThis as { gc?: () => void }).gc?.();
}
