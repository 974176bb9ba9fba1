import { expect, test } from '@jest/globals';
import { createProblemLog } from '../../../src/agent/reconcile/problem-log.ts';
import type { Log } from '../../../src/lib/log.ts';
import { emptyMemory } from '../../../src/model/memory.ts';
import type { ActualSite } from '../../../src/model/state.ts';
import { agentOptions } from '../../../src/plan/facts/policy.ts';
import { plan } from '../../../src/plan/plan.ts';
import { actualOf, app, service, site } from '../../support/site/site-builder.ts';

test('the log names the operations that a policy holds back once for each app, and again when they come back', () => {
  const lines: string[] = [];
  const say = (message: string): void => {
    lines.push(message);
  };
  const log: Log = { debug: say, info: say, warn: say, error: say };
  const tell = createProblemLog(log);
  const git = site({ ...app('shop', service('web'), service('db')), sync: {} });
  const empty: ActualSite = { ...actualOf(git), containers: [] };
  const told = (actual: ActualSite): string[] => {
    lines.length = 0;
    tell(plan(git, actual, emptyMemory(), 0, agentOptions), actual);
    return [...lines];
  };
  const held = 'held back, as syncPolicy.automated is not set: create shop-db-1 (no such container), and 1 more';
  expect(told(empty)).toEqual([held]);
  expect(told(empty)).toEqual([]);
  expect(told(actualOf(git))).toEqual([]);
  expect(told(empty)).toEqual([held]);
});
