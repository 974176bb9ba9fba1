import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { AGENT_ENVIRONMENT, AGENT_FLAGS } from '../../../src/cli/start/agent-process.ts';
import { plainEnvironment, type Ran } from './holdfast-process.ts';

/** Runs a program to its end as the image runs the agent: in the same heap, without the same compilers. */
export async function inAgentHeap(program: string, args: readonly string[]): Promise<Ran> {
  const child = spawn(process.execPath, [...AGENT_FLAGS, program, ...args], {
    env: plainEnvironment(AGENT_ENVIRONMENT),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ran: Ran = { code: null, stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (text: string) => {
      ran[stream] += text;
    });
  }
  [ran.code] = (await once(child, 'close')) as [number | null];
  return ran;
}
