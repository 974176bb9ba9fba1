import { readdir, readFile } from 'node:fs/promises';
import { signalAll, stopProcesses } from './processes.ts';

/** The processes that this one started and that have not ended. */
export async function childrenOf(pid: number): Promise<number[]> {
  const threads = await readdir(`/proc/${pid}/task`).catch(() => []);
  const lists = threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/children`, 'utf8').catch(() => ''));
  return (await Promise.all(lists)).flatMap((list) => list.split(' ').filter(Boolean).map(Number));
}

/**
 * Ends the leader of a process group and everything below it, also what has left the group: an agent that a test runs, a daemon. The group is
 * halted first, so that it starts nothing while its descendants are listed. Descendants outside the group may clean up for so many milliseconds: a
 * container engine ends its containers.
 */
export async function endTree(leader: number, graceMs: number): Promise<void> {
  signalAll([-leader], 'SIGSTOP');
  const below = await descendantsOf(leader);
  signalAll([-leader], 'SIGKILL');
  await stopProcesses([leader, ...below], graceMs);
}

async function descendantsOf(pid: number): Promise<number[]> {
  const children = await childrenOf(pid);
  return [...children, ...(await Promise.all(children.map(descendantsOf))).flat()];
}
