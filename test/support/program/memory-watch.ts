import { readFile } from 'node:fs/promises';
import { childrenOf } from '../../../scripts/machine/process-tree.ts';

/** The most memory that a process and those it starts have held at one time, as the kernel counts it. */
export interface MemoryWatch {
  /** In bytes. The program itself, which they share, counts once. */
  peak(): Promise<number>;
  stop(): void;
}

export function watchMemory(pid: number): MemoryWatch {
  let most = 0;
  const look = async (): Promise<void> => {
    const children = await childrenOf(pid);
    const now = await Promise.all([bytesOf(pid, 'VmRSS'), ...children.map((child) => bytesOf(child, 'RssAnon'))]);
    const together = now.reduce((sum, each) => sum + each, 0);
    most = Math.max(most, together, await bytesOf(pid, 'VmHWM'));
  };
  // A short-lived process is seen only while it lives.
  const timer = setInterval(() => void look(), 50);
  return {
    async peak() {
      await look();
      return most;
    },
    stop: () => clearInterval(timer),
  };
}

/** A line of a process's status, in bytes; 0 for one that has ended. */
async function bytesOf(pid: number, name: 'VmHWM' | 'VmRSS' | 'RssAnon'): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const line = status.split('\n').find((each) => each.startsWith(`${name}:`));
  return Number(line?.match(/\d+/)?.[0] ?? 0) * 1024;
}
