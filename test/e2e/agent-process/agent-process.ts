import { afterEach, beforeEach, expect, jest } from '@jest/globals';
import type { AgentProcess } from '../../support/program/holdfast-process.ts';
import { type ChaosSite, chaosSite, HOST } from '../../support/site/chaos-site.ts';

export let site: ChaosSite;

export const others: AgentProcess[] = [];

/** Ended by SIGTERM: with exit code 0. */
export async function endsCleanly(life: AgentProcess): Promise<void> {
  expect(await life.end('SIGTERM')).toEqual({ code: 0, signal: null });
  expect((await site.log()).at(-1)?.message ?? '').not.toMatch(/defect|Error:/);
}

/** To be called at the top of a test file: a site for each test, and an end to all that runs there. */
export function agentProcess(): void {
  // The agent as a process: how it is told things, and how it ends.
  jest.setTimeout(120_000);

  beforeEach(async () => {
    if (HOST) site = await chaosSite();
  });

  afterEach(async () => {
    for (const life of others.splice(0)) await life.end('SIGKILL');
    if (HOST) await site.close();
  });
}
