import { readdir, readFile } from 'node:fs/promises';

/** The most memory that a process and those it starts have held, as the kernel counts it. */
export interface MemoryWatch {
  /** In bytes; what the processes that it starts held at one time counts on top. */
  peak(): Promise<number>;
  stop(): void;
}

export function watchMemory(pid: number): MemoryWatch {
  let own = 0;
  let others = 0;
  const look = async (): Promise<void> => {
    own = Math.max(own, await highest(pid));
    const now = await Promise.all((await childrenOf(pid)).map(highest));
    others = Math.max(
      others,
      now.reduce((sum, each) => sum + each, 0),
    );
  };
  // A short-lived process is seen only while it lives.
  const timer = setInterval(() => void look(), 100);
  return {
    async peak() {
      await look();
      return own + others;
    },
    stop: () => clearInterval(timer),
  };
}

/** VmHWM: what a process held at most so far; 0 for one that has ended. */
async function highest(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024;
}

async function childrenOf(pid: number): Promise<number[]> {
  const threads = await readdir(`/proc/${pid}/task`).catch(() => []);
  const lists = threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/children`, 'utf8').catch(() => ''));
  return (await Promise.all(lists)).flatMap((list) => list.split(' ').filter(Boolean).map(Number));
}
