import { access, readFile } from 'node:fs/promises';
import { uptime } from 'node:os';
import type { TimeEvidence } from '../../agent/time/trusted-clock.ts';

/** Another run of the kernel has another ID; containers see that of the host. */
const BOOT_ID = '/proc/sys/kernel/random/boot_id';

/** Hands the dates of HTTPS answers from the source to the agent. */
export function answerDates() {
  const listeners = new Set<(date: number) => void>();
  return {
    tell: (date: number): void => {
      for (const listener of listeners) listener(date);
    },
    listen: (listener: (date: number) => void): void => void listeners.add(listener),
  };
}

/** The evidence for the time on this machine. `file`: it exists while the clock is right. */
export async function timeEvidence(
  file: string | undefined,
  dates: ReturnType<typeof answerDates>,
): Promise<TimeEvidence> {
  const id = (await readFile(BOOT_ID, 'utf8').catch(() => '')).trim();
  return {
    onDate: dates.listen,
    ...(file !== undefined && {
      isSynced: () =>
        access(file).then(
          () => true,
          () => false,
        ),
    }),
    boot: id === '' ? undefined : { id, uptime: () => uptime() * 1000 },
  };
}
