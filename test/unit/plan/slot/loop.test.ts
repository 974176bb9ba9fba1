import { expect, test } from '@jest/globals';
import type { Memory } from '../../../../src/model/memory.ts';
import type { OperationResult } from '../../../../src/model/outcome.ts';
import type { ActualSite, DesiredSite } from '../../../../src/model/state.ts';
import { agentOptions } from '../../../../src/plan/facts/policy.ts';
import { forgetBackoffs } from '../../../../src/plan/memory/backoffs.ts';
import { updateFromOutcome, updateFromState } from '../../../../src/plan/memory/update.ts';
import { plan } from '../../../../src/plan/plan.ts';
import { actualOf, app, butSpec, service, settled, site } from '../../../support/site/site-builder.ts';

const MINUTE = 60_000;
const gitWith = (User = 'app'): DesiredSite => site(app('shop', service('web', { User })));
const git = gitWith();
/** An engine that answers another user than it was told. */
const echo = (wanted: DesiredSite): ActualSite => butSpec(actualOf(wanted), 'shop-web-1', { User: 'other' });

/** Lets the agent replace for so long; tells when it did, in minutes, and what it remembers. */
function replacing(ms: number, wanted = git, memory: Memory = settled(wanted), from = 0) {
  const at: number[] = [];
  for (let now = from; now < from + ms; now += now < 5 * MINUTE ? 5000 : MINUTE) {
    memory = updateFromState(memory, wanted, echo(wanted), now);
    const [made] = plan(wanted, echo(wanted), memory, now, agentOptions).apps;
    const due = made?.operations.filter(({ withheld, onlyIfFailed }) => !withheld && !onlyIfFailed) ?? [];
    if (due.length === 0) continue;
    at.push(now / MINUTE);
    const results = due.map((operation): OperationResult => ({ operation, status: 'done' }));
    memory = updateFromOutcome(
      memory,
      wanted.apps[0] as (typeof wanted.apps)[0],
      { app: 'shop', results },
      now,
      () => 0,
    );
  }
  return { at, memory };
}

test('one that comes out differently every time is replaced three times, and then ever more rarely, without an end', () => {
  const { at } = replacing(24 * 60 * MINUTE);
  expect(at.filter((minute) => minute < 5)).toHaveLength(3);
  const pauses = at.slice(3).map((minute, index) => minute - (at[index + 2] ?? 0));
  // Looked at once a minute.
  for (const [index, minutes] of [10, 20, 40, 80, 160, 320, 360].entries()) {
    expect(pauses[index]).toBeGreaterThanOrEqual(minutes);
    expect(pauses[index]).toBeLessThan(minutes + 1.5);
  }
});

test('people are told which field it is, and what to do', () => {
  const { memory } = replacing(2 * MINUTE);
  const [made] = plan(git, echo(git), memory, 2 * MINUTE, agentOptions).apps;
  expect(made?.problems).toEqual([
    {
      severity: 'error',
      service: 'web',
      message: 'shop-web-1 was replaced 3 times for user, and still differs: user: other, wanted app',
      hint: 'find out who changes user, or let the site own it (ignoreDifferences)',
    },
  ]);
  expect(made?.operations[0]?.withheld).toMatchObject({ by: 'backoff' });
});

test('a commit that asks for something else is followed at once, one that leaves it alone changes nothing', () => {
  const { memory } = replacing(5 * MINUTE);
  const next = forgetBackoffs(memory, ({ kind }) => kind !== 'slot');
  expect(replacing(MINUTE, git, next, 5 * MINUTE).at).toEqual([]);
  expect(replacing(MINUTE, gitWith('new'), next, 5 * MINUTE).at[0]).toBe(5);
});

test('replacements of long ago are forgotten', () => {
  const { memory } = replacing(2 * MINUTE);
  const well = updateFromState(memory, git, actualOf(git), 90 * MINUTE);
  expect(memory.replacements).not.toEqual({});
  expect(well.replacements).toEqual({});
});
