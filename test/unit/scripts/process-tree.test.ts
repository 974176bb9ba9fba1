import { spawn } from 'node:child_process';
import { expect, test } from '@jest/globals';
import { childrenOf, endTree } from '../../../scripts/machine/process-tree.ts';
import { isAlive, until } from '../../../scripts/machine/processes.ts';

const onLinux = process.platform === 'linux' ? test : test.skip;

onLinux(
  'a tree of processes ends whole, with those that heed no signal and those that left the process group',
  async () => {
    // As a jest with a worker, and an agent that the worker started.
    const script = "trap '' TERM; setsid sh -c 'sleep 600 & wait' & sleep 600 & wait";
    const leader = spawn('sh', ['-c', script], { detached: true, stdio: 'ignore' });
    const pid = leader.pid ?? 0;
    let all: number[] = [];
    const isWhole = async (): Promise<boolean> => {
      const below = await childrenOf(pid);
      all = [pid, ...below, ...(await Promise.all(below.map(childrenOf))).flat()];
      return all.length === 4;
    };
    expect(await until(isWhole, 10_000)).toBe(true);
    await endTree(pid, 200);
    expect(await Promise.all(all.map(isAlive))).toEqual([false, false, false, false]);
  },
);
